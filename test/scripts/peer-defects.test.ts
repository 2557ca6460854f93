/**
 * Defects found by reading other collectors of CloudWatch, each as the behaviour that is right. Proved elsewhere:
 *
 * - a status that completes on a later page counts, and every page is read: fetch.test.ts, "believes the last page",
 *   "joins all pages"
 * - one failed request leaves the others' results, is reported, and its minutes come with the next run:
 *   collect-large.test.ts, "one that fails is repaired while the others go on"; collect-failures.test.ts
 * - a failed page of a listing hides nothing: guance_aws_cloudwatch/discover.test.ts
 * - a denied region stops no other: collect-failures.test.ts, "gives the other regions when one is denied"
 * - an outage leaves no hole: collect-failures.test.ts, "catches up after an outage"
 * - five statistics of a metric count as one billed unit: guance_integration/metering.test.ts
 */
import { afterEach, describe, expect, it } from 'vitest'
import type { CloudwatchConfigs, Point, SinkTraits } from '../../core/dff.ts'
import { CloudwatchCollector } from '../../scripts/guance_aws_cloudwatch/main.ts'
import { Runner } from '../../scripts/guance_integration/main.ts'
import { NO_WAIT } from './aws-fixture.ts'
import { makeRun, makeStore, SESSION, type TestRun, type TestStore } from './run-context.ts'
import { answerAs, type AwsScript, lambda, type ListedMetric, queriesOf } from './scripted-aws.ts'
import { type ScriptedCloudwatch, startScriptedCloudwatch } from './scripted-cloudwatch.ts'

const MINUTE_MS = 60_000
/** In the past, so that AWS's own clock, which is this machine's, never ends a window earlier. */
const START_MS = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 120 * MINUTE_MS
const LAST: SinkTraits = { rewrite: 'last', mergesFields: false }
const UNKNOWN: SinkTraits = { rewrite: 'unknown', mergesFields: false }

let server: ScriptedCloudwatch | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

interface Poll {
  readonly store: TestStore
  readonly minutes: number
  readonly sink?: SinkTraits
  readonly targets?: CloudwatchConfigs['targets']
}

/** One run, `minutes` after the first, against an AWS that follows the script. */
async function poll(script: AwsScript, { store, minutes, sink = LAST, targets }: Poll) {
  await server?.close()
  server = await startScriptedCloudwatch(answerAs(script))
  const collector = CloudwatchCollector(
    {},
    {
      regions: ['us-east-1'],
      policy: 'everything',
      targets: targets ?? [{ namespace: 'AWS/Lambda', metrics: 'ALL' }],
    },
    NO_WAIT,
  )
  const run: TestRun = makeRun(store, {
    triggerTimeMs: START_MS + minutes * MINUTE_MS,
    session: SESSION,
    sink,
  })
  const before = store.points.length
  await Runner(collector).run(run)
  const gets = server.asked.filter(({ target }) => target === 'GetMetricData')
  return { run, asked: server.asked, gets, points: store.points.slice(before) }
}

/** Values of a field by minute, the last line of a minute counting. */
function held(points: readonly Point[], field: string): ReadonlyMap<number, number> {
  return new Map(
    points.flatMap(({ timeMs, fields }) => {
      const value = fields[field]
      return typeof value === 'number' ? [[timeMs, value] as const] : []
    }),
  )
}

const steady = (listed: readonly ListedMetric[]): AwsScript => ({ listed, valueOf: () => 1 })

describe('what other collectors get wrong, here', () => {
  it('collects functions without any tag (D3)', async () => {
    const script = steady(['a', 'b', 'c'].map((name) => lambda('Invocations', name)))
    const { points } = await poll(script, { store: makeStore(), minutes: 0 })
    expect(new Set(points.map(({ tags }) => tags['FunctionName']))).toEqual(new Set(['a', 'b', 'c']))
  })

  it('asks for whole minutes inside what CloudWatch keeps, whenever it is triggered (D4)', async () => {
    const store = makeStore()
    const script = steady([lambda('Invocations', 'f')])
    for (const minutes of [0, 5.25, 12.9]) {
      const { gets } = await poll(script, { store, minutes })
      expect(gets.length).toBeGreaterThan(0)
      for (const { input } of gets) {
        expect(Number(input['StartTime']) % 60).toBe(0)
        expect(Number(input['EndTime']) % 60).toBe(0)
        expect(Number(input['StartTime']) * 1_000).toBeGreaterThan(Date.now() - 15 * 86_400_000)
      }
    }
  })

  it('refuses a setting that it would not follow (D5)', () => {
    const targets = [{ namespace: 'AWS/Lambda', metrics: ['Errors'], delay: 300 }]
    const configs = { regions: ['us-east-1'], targets } as unknown as CloudwatchConfigs
    expect(() => CloudwatchCollector({}, configs)).toThrow(/delay/)
  })

  it('goes on with a series that was silent while it restarted (D6)', async () => {
    const store = makeStore()
    const quietUntilMs = START_MS + 5 * MINUTE_MS
    const script: AwsScript = {
      listed: [lambda('Errors', 'f')],
      valueOf: (_metric, minuteMs) => (minuteMs >= quietUntilMs ? 7 : undefined),
    }
    await poll(script, { store, minutes: 0 })
    await poll(script, { store, minutes: 5 })
    await poll(script, { store, minutes: 15 })
    expect([...held(store.points, 'Errors_Sum')].toSorted(([a], [b]) => a - b)[0]).toEqual([quietUntilMs, 7])
  })

  it('asks all statistics of a metric in one request, percentiles too, so that they are billed once (D8, D10)', async () => {
    const listed = Array.from({ length: 400 }, (_, index) => lambda('Duration', `f${index}`))
    const { gets, run } = await poll(steady(listed), { store: makeStore(), minutes: 0 })
    const minuteGets = gets.filter((call) => queriesOf(call)[0]?.MetricStat.Period === 60)
    expect(minuteGets.length).toBeGreaterThan(1)
    const asked = minuteGets.flatMap((call) => {
      const series = Map.groupBy(queriesOf(call), ({ MetricStat: { Metric } }) => JSON.stringify(Metric))
      return [...series.values()].map((queries) =>
        queries.map(({ MetricStat }) => MetricStat.Stat).toSorted(),
      )
    })
    expect(asked.length).toBeGreaterThanOrEqual(listed.length)
    expect(new Set(asked.map(String))).toEqual(new Set(['Average,Maximum,SampleCount,p90,p99']))
    const billed = gets.map(
      (call) => new Set(queriesOf(call).map(({ MetricStat }) => JSON.stringify(MetricStat.Metric))).size,
    )
    expect(run.totals().billedMetrics).toBe(billed.reduce((sum, one) => sum + one, 0))
  })

  it('goes on with the second namespace when the first one is refused (D11)', async () => {
    const script: AwsScript = {
      ...steady([
        lambda('Errors', 'f'),
        { namespace: 'AWS/SQS', metric: 'NumberOfMessagesSent', dimensions: { QueueName: 'q' } },
      ]),
      instead: ({ target, input }) =>
        target === 'ListMetrics' && input['Namespace'] === 'AWS/Lambda'
          ? { status: 400, body: '{"__type":"com.amazonaws.cloudwatch#AccessDeniedException"}' }
          : undefined,
    }
    const targets: CloudwatchConfigs['targets'] = [
      { namespace: 'AWS/Lambda', metrics: 'ALL' },
      { namespace: 'AWS/SQS', metrics: 'ALL' },
    ]
    const { points, run } = await poll(script, { store: makeStore(), minutes: 0, targets, sink: LAST })
    expect(run.problems).toMatchObject([{ code: 'forbidden', action: 'cloudwatch:ListMetrics' }])
    expect(new Set(points.map(({ measurement }) => measurement))).toEqual(new Set(['aws_AWS/SQS']))
  })

  it('keeps its place when a fetch fails, and has every minute afterwards (D12)', async () => {
    const store = makeStore()
    const script = steady([lambda('Errors', 'f')])
    const down: AwsScript = { ...script, instead: () => ({ status: 500, body: '{}' }) }
    await poll(script, { store, minutes: 0 })
    await expect(poll(down, { store, minutes: 5 })).rejects.toMatchObject({ code: 'TASK_FAILED' })
    await poll(script, { store, minutes: 10 })
    const minutes = [...held(store.points, 'Errors_Sum').keys()].toSorted((a, b) => a - b)
    const first = minutes[0] ?? 0
    expect(minutes).toEqual(minutes.map((_, index) => first + index * MINUTE_MS))
    expect(minutes.at(-1)).toBeGreaterThanOrEqual(START_MS + 6 * MINUTE_MS)
  })

  it('lists only the namespaces that it collects (D14)', async () => {
    const other = Array.from({ length: 2_000 }, (_, index): ListedMetric => ({
      namespace: 'AWS/EC2',
      metric: 'CPUUtilization',
      dimensions: { InstanceId: `i-${index}` },
    }))
    const script = steady([...other, lambda('Errors', 'f')])
    const { asked } = await poll(script, { store: makeStore(), minutes: 0 })
    const lists = asked.filter(({ target }) => target === 'ListMetrics')
    expect(lists.map(({ input }) => input['Namespace'])).toEqual(['AWS/Lambda'])
  })

  it('joins metrics by time and not by place, and names the account (D15)', async () => {
    const secondMs = START_MS - 10 * MINUTE_MS
    const script: AwsScript = {
      listed: [lambda('Invocations', 'f'), lambda('Errors', 'f')],
      valueOf: (metric, minuteMs) => {
        if (minuteMs === secondMs) return metric === 'Errors' ? 3 : 20
        return minuteMs === secondMs - MINUTE_MS && metric === 'Invocations' ? 10 : undefined
      },
    }
    const { points } = await poll(script, { store: makeStore(), minutes: 0 })
    const lines = points.toSorted((left, right) => left.timeMs - right.timeMs)
    expect(lines.map(({ timeMs, fields, tags }) => [timeMs, fields, tags['account_id']])).toEqual([
      [secondMs - MINUTE_MS, { Invocations_Sum: 10 }, SESSION.accountId],
      [secondMs, { Invocations_Sum: 20, Errors_Sum: 3 }, SESSION.accountId],
    ])
  })

  it('collects the 1,501st series too (D17)', async () => {
    const listed = Array.from({ length: 1_501 }, (_, index) => lambda('Errors', `f${index}`))
    const recentMs = START_MS - 10 * MINUTE_MS
    const script: AwsScript = {
      listed,
      valueOf: (_metric, minuteMs) => (minuteMs < recentMs ? undefined : 1),
    }
    const { points } = await poll(script, { store: makeStore(), minutes: 0 })
    expect(new Set(points.map(({ tags }) => tags['FunctionName'])).size).toBe(1_501)
  })

  it('writes every minute of three missed windows at CloudWatch’s own times, none twice (D19, D20)', async () => {
    const store = makeStore()
    const script: AwsScript = {
      listed: [lambda('Errors', 'f')],
      valueOf: (_metric, minuteMs) => (minuteMs / MINUTE_MS) % 1_000,
    }
    await poll(script, { store, minutes: 0 })
    const { points } = await poll(script, { store, minutes: 20 })
    const values = held(points, 'Errors_Sum')
    for (let minute = 0; minute < 15; minute += 1) {
      const timeMs = START_MS + minute * MINUTE_MS
      expect(values.get(timeMs)).toBe((timeMs / MINUTE_MS) % 1_000)
    }
    const times = store.points.map(({ timeMs }) => timeMs)
    expect(new Set(times).size).toBe(times.length)
  })

  it('asks of a function only for the metrics that it has (D21)', async () => {
    const listed = [lambda('Errors', 'plain'), lambda('Errors', 'async'), lambda('AsyncEventAge', 'async')]
    const { gets } = await poll(steady(listed), { store: makeStore(), minutes: 0 })
    const asked = new Set(
      gets
        .flatMap(queriesOf)
        .filter(({ MetricStat }) => MetricStat.Period === 60)
        .map(({ MetricStat: { Metric } }) => `${Metric.MetricName} ${Metric.Dimensions[0]?.Value}`),
    )
    expect(asked).toEqual(new Set(['Errors plain', 'Errors async', 'AsyncEventAge async']))
  })

  it('makes no call per function: 400 functions share a few requests (D22, D23)', async () => {
    const listed = Array.from({ length: 400 }, (_, index) => lambda('Errors', `f${index}`))
    const store = makeStore()
    const script = steady(listed)
    await poll(script, { store, minutes: 0 })
    const { asked } = await poll(script, { store, minutes: 5 })
    // One page to learn AWS's time, and 400 queries in one request.
    expect(asked.length).toBeLessThanOrEqual(3)
  })

  /** A minute whose invocations end after 15 minutes, as AWS shows it then. */
  const growing = (grownFromMs: number, atMs: number): AwsScript => ({
    listed: [lambda('Invocations', 'slow')],
    valueOf: (_metric, minuteMs) => (minuteMs === START_MS ? (atMs >= grownFromMs ? 10 : 4) : 1),
  })

  it('publishes a minute once and right where nothing may be written twice, however long its functions run (D24)', async () => {
    const store = makeStore()
    const grownFromMs = START_MS + 15 * MINUTE_MS
    for (let minutes = 0; minutes <= 30; minutes += 5) {
      await poll(growing(grownFromMs, START_MS + minutes * MINUTE_MS), { store, minutes, sink: UNKNOWN })
    }
    const lines = store.points.filter(({ timeMs }) => timeMs === START_MS)
    expect(lines.map(({ fields }) => fields)).toEqual([{ Invocations_Sum: 10 }])
  })

  it('corrects a minute that grew after it was published, where the last value counts (D25)', async () => {
    const store = makeStore()
    const grownFromMs = START_MS + 15 * MINUTE_MS
    for (let minutes = 0; minutes <= 30; minutes += 5) {
      await poll(growing(grownFromMs, START_MS + minutes * MINUTE_MS), { store, minutes, sink: LAST })
    }
    const lines = store.points.filter(({ timeMs }) => timeMs === START_MS)
    expect(lines.map(({ fields }) => fields)).toEqual([{ Invocations_Sum: 4 }, { Invocations_Sum: 10 }])
  })
})
