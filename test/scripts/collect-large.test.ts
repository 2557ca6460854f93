import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Script } from '../../core/dff.ts'
import { SINGLE_ATTEMPT } from '../../scripts/guance_integration/main.ts'
import {
  type Aws,
  COMPLETE,
  deployedScript,
  expectNoPointTwice,
  FIRST_TRIGGER_MS,
  FIVE_MINUTES_MS,
  startAws,
} from './aws-fixture.ts'
import { makeRun, makeStore, type TestRun, type TestStore } from './run-context.ts'

const FUNCTIONS = 1_200
const FIRST_END_MS = FIRST_TRIGGER_MS - FIVE_MINUTES_MS

let aws: Aws

beforeAll(async () => {
  aws = await startAws({ functions: FUNCTIONS, regions: ['us-east-1'], active: 0.35 })
})

afterAll(async () => aws.close())

function script(): Script {
  return deployedScript(['us-east-1'], SINGLE_ATTEMPT)
}

/** One request at a time, so that faults meet the first slice. */
function runAt(store: TestStore, number: number): TestRun {
  const triggerTimeMs = FIRST_TRIGGER_MS + number * FIVE_MINUTES_MS
  return makeRun(store, { triggerTimeMs, session: aws.session, concurrency: 1 })
}

function cursors(store: TestStore): ReadonlySet<number> {
  const values = [...store.state].flatMap(([key, value]) =>
    key.startsWith('cursor/') ? [(value as { throughMs: number }).throughMs] : [],
  )
  return new Set(values)
}

describe('1,200 functions in one region', () => {
  it('are listed page by page, asked for in slices, and one that fails is repaired while the others go on', async () => {
    const store = makeStore()
    const first = runAt(store, 0)
    await script().run(first)
    const { requests } = first.totals()
    expect(requests['lambda:ListFunctions']).toBe(FUNCTIONS / 50)
    expect(requests['cloudwatch:ListMetrics']).toBeGreaterThan(4)
    expect(requests['cloudwatch:GetMetricData']).toBeGreaterThan(4)
    const slices = store.commits.filter(({ points }) => points[0]?.category === 'metric')
    expect(slices.length).toBeGreaterThanOrEqual(2)

    await aws.control('POST', 'faults', { api: 'cloudwatch:GetMetricData', kind: 'error500', times: 3 })
    const broken = runAt(store, 1)
    await script().run(broken)
    expect(broken.problems).toMatchObject([{ code: 'transient' }])
    expect(cursors(store)).toEqual(new Set([FIRST_END_MS, FIRST_END_MS + FIVE_MINUTES_MS]))

    await script().run(runAt(store, 2))
    expect(cursors(store)).toEqual(new Set([FIRST_END_MS + 2 * FIVE_MINUTES_MS]))
    // The three hours before are the business of collect.test.ts; here they would only cost time.
    const span = { startMs: FIRST_END_MS - FIVE_MINUTES_MS, endMs: FIRST_END_MS + 2 * FIVE_MINUTES_MS }
    const recent = store.points.filter(
      ({ category, timeMs }) => category !== 'metric' || timeMs >= span.startMs,
    )
    const audit = await aws.audit({ ...store, points: recent }, span)
    expect(audit).toEqual({ expected: audit.expected, ...COMPLETE })
    expectNoPointTwice(store)
  }, 60_000)

  it('cost no more than one billed metric each', async () => {
    const run = runAt(makeStore(), 0)
    await script().run(run)
    const listed = /lists (\d+) series, (\d+) wanted/.exec(run.lines.join('\n'))
    expect(run.totals().billedMetrics).toBe(Number(listed?.[2]))
  }, 60_000)
})
