import { expect } from 'vitest'
import type { Account, AccountSession, CloudwatchConfigs, Point, Script } from '../../core/dff.ts'
import { encodeBatches } from '../../runner/outbox/encode-batch.ts'
import { CloudwatchCollector } from '../../scripts/guance_aws_cloudwatch/main.ts'
import { LambdaCollector } from '../../scripts/guance_aws_lambda/main.ts'
import { type Backoff, DEFAULT_BACKOFF } from '../../scripts/guance_integration/backoff.ts'
import { Runner } from '../../scripts/guance_integration/main.ts'
import { partitionOf } from '../../simulator/aws/identity.ts'
import type { SimulatorOptions } from '../../simulator/options.ts'
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts'
import type { TestStore } from './run-context.ts'

/** Every run lies in the past, so that all its minutes are complete at the simulator whatever the time of day. */
export const FIRST_TRIGGER_MS: number = Math.floor(Date.now() / 60_000) * 60_000 - 60 * 60_000
export const FIVE_MINUTES_MS = 5 * 60_000

/** Nothing ran before: the two weeks that the first look at each function asks for would be most of a test's time. */
const HISTORY_MS = 24 * 60 * 60_000

/** As long as the default, without the waiting. */
export const NO_WAIT: Backoff = { ...DEFAULT_BACKOFF, sleep: async () => Promise.resolve() }

/** The deployed script's 19 metrics. */
export const SEED_METRICS =
  'Invocations Errors DeadLetterErrors DestinationDeliveryFailures Throttles ProvisionedConcurrencyInvocations ProvisionedConcurrencySpilloverInvocations RecursiveInvocationsDropped Duration PostRuntimeExtensionsDuration IteratorAge OffsetLag ConcurrentExecutions ProvisionedConcurrentExecutions ProvisionedConcurrencyUtilization UnreservedConcurrentExecutions AsyncEventsReceived AsyncEventAge AsyncEventsDropped'.split(
    ' ',
  )

const ACCOUNT: Account = { extra_tags: { account_name: 'AWS_Lambda' } }

/** What the deployed Startup script runs. */
export function deployedScript(regions: readonly string[], backoff: Backoff): Script {
  // Some tests ask for a region that only the simulator lacks; the schema still checks each name.
  const list = regions as CloudwatchConfigs['regions']
  const targets = [{ namespace: 'AWS/Lambda', metrics: SEED_METRICS }]
  return Runner([
    LambdaCollector(ACCOUNT, { regions: list }, { backoff }),
    CloudwatchCollector(ACCOUNT, { regions: list, targets }, backoff),
  ])
}

interface AuditReport {
  readonly expected: number
  readonly missing: number
  readonly wrong: number
  readonly extra: number
  readonly samples: readonly string[]
}

/** Of one account, by default the first; all metrics unless some are named. */
interface Audited {
  readonly startMs: number
  readonly endMs: number
  readonly accountId?: string
  readonly metrics?: readonly string[]
}

export interface Aws {
  readonly simulator: RunningSimulator
  readonly session: AccountSession
  /** Calls the simulator's control API. */
  control<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T>
  /** Hands the store's points to the simulated DataKit and compares what it holds with the truth. */
  audit(store: TestStore, asked: Audited): Promise<AuditReport>
  close(): Promise<void>
}

/** Hands points to the simulated DataKit over HTTP, as the sender would. */
export async function deliver(url: string, points: readonly Point[]): Promise<void> {
  for (const { category, body } of encodeBatches(points)) {
    const reply = await fetch(`${url}/v1/write/${category}?precision=n`, {
      method: 'POST',
      headers: { 'content-encoding': 'gzip' },
      body: new Uint8Array(body),
    })
    if (!reply.ok) throw new Error(`${category}: ${reply.status} ${await reply.text()}`)
  }
}

/** Of the first account's user, in the partition of a region. */
export function sessionOf({ info }: RunningSimulator, region = 'us-east-1'): AccountSession {
  const [user] = info.accounts
  if (user === undefined) throw new Error('the simulator has no account')
  const { accountId, accessKeyId, secretAccessKey } = user
  const partition = partitionOf(region)
  const arn = `arn:${partition}:iam::${accountId}:user/collector`
  return { accountId, accessKeyId, secretAccessKey, partition, arn }
}

/** A simulated AWS of its own for a test file; SDK clients reach it by AWS_ENDPOINT_URL. */
export async function startAws(options: Partial<SimulatorOptions>): Promise<Aws> {
  const sinceMs = (options.nowMs ?? FIRST_TRIGGER_MS) - HISTORY_MS
  const simulator = await startSimulator({ latencyMs: 0, sinceMs, ...options })
  process.env['AWS_ENDPOINT_URL'] = simulator.url
  const control = async <T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> => {
    const content = body === undefined ? {} : { body: JSON.stringify(body) }
    const reply = await fetch(`${simulator.url}/control/${path}`, { method, ...content })
    if (!reply.ok) throw new Error(`${path}: ${await reply.text()}`)
    return (await reply.json()) as T
  }
  return {
    simulator,
    session: sessionOf(simulator, options.regions?.[0]),
    control,
    async audit(store, span) {
      await control('POST', 'received/reset')
      await deliver(simulator.url, store.points)
      return control('POST', 'audit', span)
    },
    close: async () => simulator.close(),
  }
}

/** What the audit says when everything arrived as it is; `expected` is the number of values compared. */
export const COMPLETE = { missing: 0, wrong: 0, extra: 0, samples: [] }

/** That no line was written twice: a store that adds rewrites up would show the double. */
export function expectNoPointTwice(store: TestStore): void {
  const metrics = store.points.filter(({ category }) => category === 'metric')
  const keys = metrics.map(
    ({ tags, timeMs }) =>
      `${tags['RegionId']} ${tags['Dimensions']} ${tags['name']} ${tags['Resource']} ${timeMs}`,
  )
  expect(new Set(keys).size).toBe(keys.length)
}
