import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunContext, Slice } from '../core/dff.ts'
import { MINUTE_MS } from '../core/time.ts'
import { encodeBatches } from '../runner/outbox/encode-batch.ts'
import { openSqliteStore } from '../runner/store/sqlite/open.ts'
import type { Store } from '../runner/store/store.ts'
import { makeTags } from '../scripts/guance_aws_cloudwatchlogs/line-tags.ts'
import { compileOptions } from '../scripts/guance_aws_cloudwatchlogs/log-options.ts'
import { ID_BOUNDS } from '../scripts/guance_aws_cloudwatchlogs/pace.ts'
import { readGroup } from '../scripts/guance_aws_cloudwatchlogs/read-group.ts'
import { SliceWriter } from '../scripts/guance_aws_cloudwatchlogs/slice-writer.ts'
import type { AwsRegion } from '../scripts/guance_integration/main.ts'
import { createFleet } from '../simulator/truth/fleet.ts'
import { DEFAULT_LOGS } from '../simulator/truth/log-options.ts'
import { createLogs } from '../simulator/truth/logs.ts'
import { leaseTask, SCRIPT } from './host-outbox.ts'

const EVENTS = 1_000_000
const EVENTS_PER_PAGE = 10_000
/** A page a half minute: 20,000 events a minute in one group. */
const PAGE_MS = MINUTE_MS / 2
const START_MS = Date.parse('2026-11-20T00:00:00Z')
const REGION = 'us-east-1'
const ACCOUNT_ID = '123456789012'

interface RawEvent {
  readonly eventId: string
  readonly logStreamName: string
  readonly timestamp: number
  readonly ingestionTime: number
  readonly message: string
}

/** Lines as functions of every runtime write them; each page has them at a time and with ids of its own. */
function makeTemplates(): readonly Omit<RawEvent, 'ingestionTime'>[] {
  const fleet = createFleet({
    seed: 3,
    accountIds: [ACCOUNT_ID],
    regions: [REGION],
    lambdasPerAccount: 24,
    activeShare: 1,
  })
  const logs = createLogs({ fleet }, { ...DEFAULT_LOGS, jsonShare: 0.3 })
  const found = logs.events(fleet.lambdas(ACCOUNT_ID, REGION), {
    startMs: START_MS,
    endMs: START_MS + 60 * MINUTE_MS,
  })
  return Array.from({ length: EVENTS_PER_PAGE }, (_, index) => {
    const event = found[index % found.length]
    if (event === undefined) throw new Error('the fleet wrote nothing')
    const { eventId, stream, message } = event
    return {
      eventId,
      logStreamName: stream,
      timestamp: Math.floor((index * PAGE_MS) / EVENTS_PER_PAGE),
      message,
    }
  })
}

function makePage(templates: ReturnType<typeof makeTemplates>, page: number): readonly RawEvent[] {
  const startMs = START_MS + page * PAGE_MS
  return templates.map(({ logStreamName, timestamp, message }, index) => ({
    // As long as AWS's.
    eventId: String(page * EVENTS_PER_PAGE + index).padStart(56, '0'),
    logStreamName,
    timestamp: startMs + timestamp,
    ingestionTime: startMs + timestamp + 1_000,
    message,
  }))
}

/** CloudWatch Logs without a network: the pages of a window, half a minute each. */
function makeRegion(templates: ReturnType<typeof makeTemplates>): AwsRegion {
  const send = async ({ input }: { input: { startTime: number; endTime: number; nextToken?: string } }) => {
    const first = Math.ceil((input.startTime - START_MS) / PAGE_MS)
    const page = input.nextToken === undefined ? first : Number(input.nextToken)
    const lastMs = Math.min(input.endTime, START_MS + (EVENTS / EVENTS_PER_PAGE) * PAGE_MS - 1)
    const isLast = START_MS + (page + 1) * PAGE_MS > lastMs
    const events = START_MS + page * PAGE_MS > lastMs ? [] : makePage(templates, page)
    return Promise.resolve({ events, ...(isLast ? {} : { nextToken: String(page + 1) }) })
  }
  const clock = { observe: () => undefined, awsNowMs: () => Date.now(), isKnown: () => true }
  const call = async <T>(_action: string, act: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    act(new AbortController().signal)
  // Of all clients the reading asks for one, and of that one for one call.
  const region: Partial<AwsRegion> = {
    accountId: ACCOUNT_ID,
    region: REGION,
    scope: `${ACCOUNT_ID}/${REGION}`,
    clock,
    call,
  }
  return { ...region, logs: async () => Promise.resolve({ send }) } as unknown as AwsRegion
}

async function makeCommit(store: Store): Promise<(slice: Slice) => Promise<void>> {
  const lease = await leaseTask(store)
  return async ({ points, state }) => {
    const result = await store.commit({
      lease,
      nowMs: Date.now(),
      scriptId: SCRIPT,
      connectorId: 'default',
      batches: encodeBatches(points),
      state,
      usage: [],
    })
    if (result.kind !== 'committed') throw new Error(`the commit is ${result.kind}`)
  }
}

export interface PipelineFigures {
  readonly eventsPerSecond: number
  readonly peakRssMB: number
  /**
   * Of the first quarter of the events. Until some 750,000 memory grows a little, outside of the heap, and then it is flat: 182 MB at a
   * quarter of a million, 190 at one million, 194 at four; collected, the heap is 25 MB at a quarter and three quarters of one million.
   */
  readonly quarterPeakRssMB: number
}

async function run(store: Store): Promise<PipelineFigures> {
  const options = compileOptions({ auto: { regions: [REGION] } }, 'aws')
  const peaks = { quarter: 0, whole: 0 }
  let committed = 0
  const write = await makeCommit(store)
  const context: Partial<RunContext> = {
    triggerTimeMs: START_MS + (EVENTS / EVENTS_PER_PAGE) * PAGE_MS,
    sink: { rewrite: 'unknown', mergesFields: false },
    elapsedMs: () => 0,
    timeoutMs: 3_600_000,
    load: async (key) => store.state.load(SCRIPT, key),
    commit: async (slice) => {
      await write(slice)
      committed += slice.points.length
      peaks.whole = Math.max(peaks.whole, process.memoryUsage.rss())
      if (committed <= EVENTS / 4) peaks.quarter = peaks.whole
    },
  }
  const region = makeRegion(makeTemplates())
  const whole = context as RunContext
  const writer = new SliceWriter(whole)
  const tagsOf = makeTags({ region: REGION, extraTags: {}, options, inventory: undefined })
  const group = {
    id: '/shared/functions',
    name: '/shared/functions',
    accountId: ACCOUNT_ID,
    isNamed: true,
    isWanted: () => true,
    functions: [{ name: 'orders-api', group: '/shared/functions', architecture: 'arm64' }],
  }
  const { triggerTimeMs } = whole
  const maker = { region: REGION, options, tagsOf }
  const groupRun = { context: whole, region, writer, maker, bounds: ID_BOUNDS }
  const reading = { stateKey: 'log-group', fromMs: START_MS, latenessMs: 10 * MINUTE_MS }
  const startedMs = performance.now()
  // As a poll after others: the first look is half an hour, what follows goes in windows.
  const first = await readGroup(groupRun, group, { ...reading, toMs: START_MS + 15 * MINUTE_MS })
  const rest = await readGroup(groupRun, group, { ...reading, toMs: triggerTimeMs })
  await writer.flush()
  const seconds = (performance.now() - startedMs) / 1_000
  const events = first.events + rest.events
  if (events !== EVENTS) throw new Error(`expected ${EVENTS} events, got ${events}`)
  return {
    eventsPerSecond: Math.round(EVENTS / seconds),
    peakRssMB: peaks.whole / 1e6,
    quarterPeakRssMB: peaks.quarter / 1e6,
  }
}

/** A million events of one group through reading, points, encoding and the store. */
export async function measurePipeline(): Promise<PipelineFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-logs-'))
  const store = await openSqliteStore(join(folder, 'bench.db'))
  try {
    return await run(store)
  } finally {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
