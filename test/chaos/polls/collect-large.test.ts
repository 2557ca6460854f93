import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Script } from '../../../core/dff.ts'
import {
  type Aws,
  COMPLETE,
  deployedScript,
  expectNoPointTwice,
  FIRST_TRIGGER_MS,
  FIVE_MINUTES_MS,
  NO_WAIT,
  startAws,
} from '../../scripts/aws-fixture.ts'
import { decodeLedger } from '../../../scripts/guance_aws_cloudwatch/ledger.ts'
import { makeRun, makeStore, type TestRun, type TestStore } from '../../scripts/run-context.ts'

const FUNCTIONS = 1_200
/** Where the first run ends for what does not wait for an invocation, and where for Lambda's longest timeout. */
const FIRST_END_MS = FIRST_TRIGGER_MS - 3 * 60_000
const LATEST_END_MS = FIRST_TRIGGER_MS - 18 * 60_000

let aws: Aws

beforeAll(async () => {
  aws = await startAws({ functions: FUNCTIONS, regions: ['us-east-1'], active: 0.35 })
})

afterAll(async () => aws.close())

function script(): Script {
  return deployedScript(['us-east-1'], { ...NO_WAIT, attempts: 1 })
}

/** One request at a time, so that faults meet the first slice. */
function runAt(store: TestStore, number: number): TestRun {
  const triggerTimeMs = FIRST_TRIGGER_MS + number * FIVE_MINUTES_MS
  return makeRun(store, { triggerTimeMs, session: aws.session, concurrency: 1 })
}

/** Watermarks of all identities. */
function watermarks(store: TestStore): ReadonlySet<number> {
  const ledgers = [...store.state].flatMap(([key, value]) =>
    key.startsWith('ledger/') ? [decodeLedger(value)] : [],
  )
  return new Set(
    ledgers.flatMap((ledger) => [...(ledger?.entries.values() ?? [])].map(({ throughMs }) => throughMs)),
  )
}

describe('1,200 functions in one region', () => {
  it('are listed page by page, asked for in slices, and one that fails is repaired while the others go on', async () => {
    const store = makeStore()
    const first = runAt(store, 0)
    await script().run(first)
    const { requests } = first.totals()
    // Versions with a timeout of their own are listed too.
    expect(requests['lambda:ListFunctions']).toBeGreaterThanOrEqual(FUNCTIONS / 50)
    const wanted = Number(/lists \d+ series, (\d+) wanted/.exec(first.lines.join('\n'))?.[1])
    expect(requests['cloudwatch:ListMetrics']).toBeGreaterThan(4)
    expect(requests['cloudwatch:GetMetricData']).toBeGreaterThan(4)
    const slices = store.commits.filter(({ points }) => points[0]?.category === 'metric')
    expect(slices.length).toBeGreaterThanOrEqual(2)

    await aws.control('POST', 'faults', { api: 'cloudwatch:GetMetricData', kind: 'error500', times: 3 })
    const broken = runAt(store, 1)
    await script().run(broken)
    expect(broken.problems).toMatchObject([{ code: 'transient' }])
    const [oldest = 0, ...others] = [...watermarks(store)].toSorted((left, right) => left - right)
    expect(others.length).toBeGreaterThan(0)
    expect(Math.max(...others)).toBe(FIRST_END_MS + FIVE_MINUTES_MS)
    expect(oldest).toBeLessThan(FIRST_END_MS + FIVE_MINUTES_MS)

    await script().run(runAt(store, 2))
    expect(Math.min(...watermarks(store))).toBeGreaterThanOrEqual(LATEST_END_MS + 2 * FIVE_MINUTES_MS)
    // The three hours before are the business of collect.test.ts; here they would only cost time.
    const span = { startMs: LATEST_END_MS - FIVE_MINUTES_MS, endMs: LATEST_END_MS + 2 * FIVE_MINUTES_MS }
    const recent = store.points.filter(
      ({ category, timeMs }) => category !== 'metric' || timeMs >= span.startMs,
    )
    const audit = await aws.audit({ ...store, points: recent }, span)
    expect(audit).toEqual({ expected: audit.expected, ...COMPLETE })
    expectNoPointTwice(store)

    const steady = runAt(store, 3)
    await script().run(steady)
    // One billed metric for each series, statistics and windows notwithstanding.
    expect(steady.totals().billedMetrics).toBe(wanted)
  }, 120_000)
})
