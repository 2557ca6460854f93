import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AuditReport } from '../../simulator/control/audit.ts'
import { parseFleet } from '../../simulator/fleet-file.ts'
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts'

const NOW_MS = Date.UTC(2026, 10, 23, 12, 0)
const MINUTE_MS = 60_000
const WRITE = '/v1/write/metric?precision=ms'

interface Held {
  readonly points: readonly { readonly fields: Record<string, number>; readonly published?: object }[]
}
interface Truth {
  readonly accounts: readonly [
    { readonly regions: readonly [{ readonly functions: readonly { name: string }[] }] },
  ]
}
interface Values {
  readonly values: readonly { readonly timeMs: number; readonly now: number | null; readonly final: number }[]
}

let simulator: RunningSimulator
let name: string

beforeAll(async () => {
  const groups = [{ name: 'g', share: 1, traits: ['plain'], perMin: 20, timeoutSec: 900, medianMs: 60_000 }]
  const fleet = parseFleet({ functions: 1, regions: ['us-east-1'], groups, late: { lateShare: 0 } })
  simulator = await startSimulator({ latencyMs: 0, nowMs: NOW_MS, ...fleet })
  name = (simulator.control('truth') as Truth).accounts[0].regions[0].functions[0]?.name ?? ''
})
afterAll(() => simulator.close())
beforeEach(() => {
  simulator.control('received/reset', {})
  simulator.control('receiver', { rewrite: 'last', mergesFields: true })
  simulator.control('late', { on: true, lateShare: 0 })
})

async function write(lines: readonly string[]): Promise<void> {
  const reply = await fetch(`${simulator.url}${WRITE}`, { method: 'POST', body: lines.join('\n') })
  expect(reply.status).toBe(200)
}

const held = (query = ''): Held => simulator.control(`received?limit=Infinity&${query}`) as Held

describe('a second line for the same series and time', () => {
  it.each([
    ['last', true, { a: 2, b: 1, c: 9 }],
    ['last', false, { a: 2, c: 9 }],
    ['max', true, { a: 3, b: 1, c: 9 }],
    ['max', false, { a: 3, c: 9 }],
    ['both', true, { a: 5, b: 1, c: 9 }],
    ['both', false, { a: 5, b: 1, c: 9 }],
  ])('is treated as %s, merging fields %s', async (rewrite, mergesFields, fields) => {
    simulator.control('receiver', { rewrite, mergesFields })
    await write(['m a=3,b=1 60000'])
    await write(['m a=2,c=9 60000'])
    expect(held().points).toMatchObject([{ fields }])
    const writes = [
      { value: 3, atMs: expect.any(Number) },
      { value: 2, atMs: expect.any(Number) },
    ]
    expect(held().points[0]?.published).toEqual({ a: writes })
  })

  it('doubles the sum of a store that keeps both, even when it says the same', async () => {
    simulator.control('receiver', { rewrite: 'both' })
    await write(['m a=3 60000'])
    await write(['m a=3 60000'])
    expect(held().points[0]).toMatchObject({ fields: { a: 6 } })
  })

  it('can be read back by tag and time', async () => {
    await write(['m,f=x a=1 60000', 'm,f=y a=2 60000', 'm,f=x a=3 120000'])
    expect(held('f=x').points.map(({ fields }) => fields.a)).toEqual([1, 3])
    expect(held('f=x&startMs=120000').points.map(({ fields }) => fields.a)).toEqual([3])
    expect(held('f=y&endMs=60000').points).toEqual([])
  })
})

describe('the figures of publication', () => {
  const START_MS = NOW_MS + 30 * MINUTE_MS
  const COUNT = 20

  const STATISTICS = [
    ['Invocations', 'Sum'],
    ['Errors', 'Sum'],
    ['Throttles', 'Sum'],
    ['Duration', 'Average'],
    ['Duration', 'Maximum'],
    ['Duration', 'SampleCount'],
    ['Duration', 'p90'],
    ['Duration', 'p99'],
    ['ConcurrentExecutions', 'Maximum'],
  ]

  /** What CloudWatch shows of a statistic in the twenty minutes now, by minute. */
  function show(metric: string, statistic: string): readonly (readonly [number, string])[] {
    const window = `startMs=${START_MS}&endMs=${START_MS + COUNT * MINUTE_MS}`
    const query = `region=us-east-1&metric=${metric}&statistic=${statistic}&FunctionName=${name}&${window}`
    const { values } = simulator.control(`truth/values?${query}`) as Values
    return values.flatMap(({ timeMs, now }) =>
      now === null ? [] : [[timeMs, `${metric}_${statistic}=${now}`]],
    )
  }

  /** Writes all of it as it is. */
  async function publish(statistics = STATISTICS): Promise<void> {
    const shown = statistics.flatMap(([metric = '', statistic = '']) => show(metric, statistic))
    const lines = Map.groupBy(shown, ([timeMs]) => timeMs)
    const tags = `RegionId=us-east-1,account_id=123456789012,FunctionName=${name}`
    await write(
      [...lines].map(
        ([timeMs, fields]) => `aws_AWS/Lambda,${tags} ${fields.map(([, field]) => field).join()} ${timeMs}`,
      ),
    )
  }

  const setNow = (afterMin: number): unknown =>
    simulator.control('clock', { nowMs: START_MS + (COUNT + afterMin) * MINUTE_MS })

  function audit(): AuditReport {
    const endMs = START_MS + COUNT * MINUTE_MS
    const metrics = ['Invocations', 'Errors', 'Throttles', 'Duration', 'ConcurrentExecutions']
    const question = { metrics, startMs: START_MS, endMs, publications: true }
    return simulator.control('audit', question) as AuditReport
  }

  it('count a first publication that waited for the horizon as right, and how long it took', async () => {
    setNow(30)
    await publish()
    const report = audit()
    // The object of the function is missing; nobody wrote one.
    expect(report).toMatchObject({ missing: 1, wrong: 0, extra: 0, rewrittenDifferently: 0, duplicates: 0 })
    expect(report).toMatchObject({
      firstWrong: 0,
      lateExcluded: 0,
      lateMissing: 0,
      valueError: 0,
      firstRight: report.expected - 1,
    })
    expect(report.alertMinutes?.p50).toBeGreaterThan(30)
    expect(report.alertMinutes?.p95).toBeLessThan(51)
    expect(report.alertMinutes).toMatchObject({ never: 0 })
  })

  it('count what was published too early as wrong at first, and its correction', async () => {
    setNow(0)
    await publish()
    setNow(30)
    const early = audit()
    expect(early.wrong).toBeGreaterThan(10)
    expect(early.firstWrong).toBeGreaterThan(10)
    expect(early.valueError).toBeGreaterThan(0.01)
    expect(early.alertMinutes?.never).toBeGreaterThan(0)
    await publish()
    const late = audit()
    expect(late).toMatchObject({ wrong: 0, missing: 1, valueError: 0, firstWrong: early.firstWrong })
    expect(late.rewrittenDifferently).toBe(early.wrong)
    expect((late.duplicates ?? 0) + (late.rewrittenDifferently ?? 0)).toBe(early.expected - early.missing)
    // An invocation that the first writing counted was held by then, not only by the second.
    expect(late.alertMinutes?.p50).toBeLessThan(20)
    expect(late.alertMinutes?.p95).toBeGreaterThan(25)
  })

  it('call a correction on a store that keeps both wrong', async () => {
    simulator.control('receiver', { rewrite: 'both' })
    setNow(30)
    await publish()
    await publish()
    expect(audit().wrong).toBeGreaterThan(100)
  })

  it('leave minutes out that come hours late', async () => {
    simulator.control('late', { on: true, lateShare: 0.5 })
    setNow(30)
    await publish()
    setNow(31 * 60)
    const report = audit()
    expect(report.missing + report.wrong).toBeGreaterThan(20)
    expect(report).toMatchObject({ firstWrong: 0 })
    expect(report.lateExcluded).toBeGreaterThan(40)
    expect((report.lateExcluded ?? 0) + (report.firstRight ?? 0)).toBe(report.expected - 1)
  })

  it('tell fields that lack beside others of a late minute from late minutes of which nothing is there', async () => {
    simulator.control('late', { on: true, lateShare: 0.5 })
    setNow(30)
    await publish(STATISTICS.slice(0, 2))
    setNow(31 * 60)
    const { lateExcluded = 0, lateMissing = 0, missing } = audit()
    const lateMinutes = lateExcluded / STATISTICS.length
    const heldMinutes = lateMissing / (STATISTICS.length - 2)
    expect(Number.isInteger(heldMinutes)).toBe(true)
    expect(heldMinutes).toBeGreaterThan(0)
    // The others are late as a whole.
    expect(heldMinutes).toBeLessThan(lateMinutes)
    expect(missing).toBeGreaterThan(lateMissing)
  })

  it('are left out of a report that does not ask for them', () => {
    const question = { startMs: START_MS, endMs: START_MS + MINUTE_MS }
    expect(Object.keys(simulator.control('audit', question) as object).toSorted()).toEqual([
      'expected',
      'extra',
      'missing',
      'samples',
      'wrong',
    ])
  })
})
