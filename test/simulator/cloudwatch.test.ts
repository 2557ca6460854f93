import {
  type CloudWatchClient,
  GetMetricDataCommand,
  type GetMetricDataCommandInput,
  ListMetricsCommand,
  type Metric,
  paginateGetMetricData,
  paginateListMetrics,
} from '@aws-sdk/client-cloudwatch'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Counters } from '../../simulator/counters.ts'
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts'
import { control, makeClients } from './aws-clients.ts'

const NOW_MS = Date.UTC(2026, 10, 23, 12, 0, 30)
const END_MS = Date.UTC(2026, 10, 23, 12, 0)
const MINUTE_MS = 60_000

let simulator: RunningSimulator
let cloudwatch: CloudWatchClient
let metrics: Metric[]

beforeAll(async () => {
  simulator = await startSimulator({ functions: 200, latencyMs: 0 })
  await control(simulator, 'clock', { nowMs: NOW_MS, frozen: true })
  cloudwatch = makeClients(simulator).cloudwatch
  metrics = []
  for await (const page of paginateListMetrics({ client: cloudwatch }, { Namespace: 'AWS/Lambda' })) {
    metrics.push(...(page.Metrics ?? []))
  }
})
afterAll(() => simulator.close())
beforeEach(() => control(simulator, 'counters/reset', {}))

function find(metric: string, ...names: string[]): Metric {
  const found = metrics.find(
    (each) =>
      each.MetricName === metric &&
      each.Dimensions?.map((dimension) => dimension.Name).join() === names.join(),
  )
  if (!found) throw new Error(`no ${metric} with ${names.join()}`)
  return found
}

function ask(
  change: Partial<GetMetricDataCommandInput> = {},
  metric = find('Invocations'),
): GetMetricDataCommandInput {
  return {
    StartTime: new Date(END_MS - 10 * MINUTE_MS),
    EndTime: new Date(END_MS),
    MetricDataQueries: [{ Id: 'q0', MetricStat: { Metric: metric, Period: 60, Stat: 'Sum' } }],
    ...change,
  }
}

function query(change: object, statistic: object = {}) {
  return {
    Id: 'q0',
    MetricStat: { Metric: find('Invocations'), Period: 60, Stat: 'Sum', ...statistic },
    ...change,
  }
}

describe('ListMetrics', () => {
  it('lists every series once, 500 a page', async () => {
    const first = await cloudwatch.send(new ListMetricsCommand({}))
    expect(first.Metrics).toHaveLength(Math.min(500, metrics.length))
    const keys = new Set(metrics.map((metric) => JSON.stringify(metric)))
    expect(keys.size).toBe(metrics.length)
    expect(new Set(metrics.map((metric) => metric.Namespace))).toEqual(new Set(['AWS/Lambda']))
  })

  it('goes on at its token and refuses the token of another question', async () => {
    const wide = await startSimulator({ functions: 1_000, regions: ['us-east-1'], latencyMs: 0 })
    try {
      const client = makeClients(wide).cloudwatch
      const { NextToken } = await client.send(new ListMetricsCommand({}))
      const second = await client.send(new ListMetricsCommand({ NextToken }))
      expect(second.Metrics?.length).toBe(500)
      const other = client.send(new ListMetricsCommand({ NextToken, MetricName: 'Errors' }))
      await expect(other).rejects.toMatchObject({ name: 'InvalidNextToken' })
    } finally {
      await wide.close()
    }
  })

  it('filters by metric name, and by dimension name whatever other dimensions there are', async () => {
    const byName = await cloudwatch.send(
      new ListMetricsCommand({ MetricName: 'Duration', Dimensions: [{ Name: 'FunctionName' }] }),
    )
    const sets = new Set(byName.Metrics?.map((metric) => metric.Dimensions?.map(({ Name }) => Name).join()))
    expect(sets).toEqual(
      new Set(['FunctionName', 'FunctionName,Resource', 'ExecutedVersion,FunctionName,Resource']),
    )
    const [one] = find('Errors', 'FunctionName').Dimensions ?? []
    const byValue = await cloudwatch.send(
      new ListMetricsCommand({ MetricName: 'Errors', Dimensions: [one ?? {}] as never }),
    )
    expect(byValue.Metrics).toHaveLength(2)
    const active = await cloudwatch.send(
      new ListMetricsCommand({ MetricName: 'Errors', RecentlyActive: 'PT3H' }),
    )
    expect(active.Metrics?.length).toBeGreaterThan(24)
  })

  it('lists nothing in another namespace', async () => {
    expect((await cloudwatch.send(new ListMetricsCommand({ Namespace: 'AWS/EC2' }))).Metrics).toEqual([])
  })
})

describe('GetMetricData', () => {
  it('includes the start, excludes the end, and gives the newest first unless asked otherwise', async () => {
    const { MetricDataResults: [descending] = [] } = await cloudwatch.send(new GetMetricDataCommand(ask()))
    const times = descending?.Timestamps?.map((time) => time.getTime())
    expect(times).toEqual(Array.from({ length: 10 }, (_, minute) => END_MS - (minute + 1) * MINUTE_MS))
    const { MetricDataResults: [ascending] = [] } = await cloudwatch.send(
      new GetMetricDataCommand(ask({ ScanBy: 'TimestampAscending' })),
    )
    expect(ascending?.Values).toEqual(descending?.Values?.toReversed())
    expect(ascending?.StatusCode).toBe('Complete')
  })

  it('knows nothing of a minute that has not ended', async () => {
    const late = ask({ StartTime: new Date(END_MS), EndTime: new Date(END_MS + 10 * MINUTE_MS) })
    const { MetricDataResults } = await cloudwatch.send(new GetMetricDataCommand(late))
    expect(MetricDataResults?.[0]).toMatchObject({ Timestamps: [], Values: [], StatusCode: 'Complete' })
  })

  it('answers unknown series with empty arrays', async () => {
    const unknown = {
      Namespace: 'AWS/Lambda',
      MetricName: 'Invocations',
      Dimensions: [{ Name: 'FunctionName', Value: 'none' }],
    }
    const { MetricDataResults } = await cloudwatch.send(new GetMetricDataCommand(ask({}, unknown)))
    expect(MetricDataResults).toEqual([
      { Id: 'q0', Label: 'Invocations', Timestamps: [], Values: [], StatusCode: 'Complete' },
    ])
  })

  it('adds minutes up to longer periods', async () => {
    const queries = [query({ Id: 'minutes' }), query({ Id: 'whole' }, { Period: 600 })]
    const { MetricDataResults } = await cloudwatch.send(
      new GetMetricDataCommand(ask({ MetricDataQueries: queries })),
    )
    const [minutes, whole] = MetricDataResults ?? []
    expect(whole?.Values).toEqual([minutes?.Values?.reduce((sum, value) => sum + value, 0)])
    expect(whole?.Timestamps?.[0]?.getTime()).toBe(END_MS - 10 * MINUTE_MS)
  })

  it('computes its statistics from the same samples', async () => {
    const statistics = ['SampleCount', 'Sum', 'Average', 'Minimum', 'Maximum', 'p50', 'p100', 'tm100']
    const queries = statistics.map((Stat, index) => ({
      Id: `q${index}`,
      MetricStat: { Metric: find('Duration'), Period: 600, Stat },
    }))
    const { MetricDataResults } = await cloudwatch.send(
      new GetMetricDataCommand(ask({ MetricDataQueries: queries })),
    )
    const [count = 0, sum = 0, average = 0, least = 0, most = 0, median = 0, p100, tm100] =
      MetricDataResults?.map((result) => result.Values?.[0] ?? 0) ?? []
    expect(average).toBe(sum / count)
    expect(p100).toBe(most)
    expect(tm100).toBe(average)
    expect(least).toBeLessThanOrEqual(median)
    expect(median).toBeLessThanOrEqual(most)
  })

  it('pages by MaxDatapoints, marking what it cut', async () => {
    const queries = ['Sum', 'Average', 'Maximum'].map((Stat, index) => query({ Id: `q${index}` }, { Stat }))
    const whole = await cloudwatch.send(new GetMetricDataCommand(ask({ MetricDataQueries: queries })))
    const merged = new Map<string, number[]>()
    const statuses: string[] = []
    const input = ask({ MetricDataQueries: queries, MaxDatapoints: 7 })
    for await (const page of paginateGetMetricData({ client: cloudwatch }, input)) {
      const results = page.MetricDataResults ?? []
      expect(results.flatMap((result) => result.Values ?? []).length).toBeLessThanOrEqual(7)
      for (const { Id = '', Values = [], StatusCode = '' } of results) {
        merged.set(Id, [...(merged.get(Id) ?? []), ...Values])
        statuses.push(`${Id} ${StatusCode}`)
      }
    }
    expect([...merged.values()]).toEqual(whole.MetricDataResults?.map((result) => result.Values))
    expect(statuses).toContain('q0 PartialData')
    expect(statuses.filter((status) => status.endsWith('Complete'))).toHaveLength(3)
  })

  it('keeps minutes for 15 days only', async () => {
    const startMs = END_MS - 20 * 86_400_000
    const old = { StartTime: new Date(startMs), EndTime: new Date(startMs + 10 * MINUTE_MS) }
    const queries = [query({ Id: 'fine' }), query({ Id: 'coarse' }, { Period: 300 })]
    const { MetricDataResults } = await cloudwatch.send(
      new GetMetricDataCommand(ask({ ...old, MetricDataQueries: queries })),
    )
    expect(MetricDataResults?.map((result) => result.Values?.length)).toEqual([0, 2])
  })

  const tooMany = () => Array.from({ length: 501 }, (_, index) => query({ Id: `q${index}` }))
  it.each([
    ['no queries', () => ({ MetricDataQueries: [] }), /MetricDataQueries is required/],
    ['501 queries', () => ({ MetricDataQueries: tooMany() }), /size greater than 500/],
    ['an id in capitals', () => ({ MetricDataQueries: [query({ Id: 'Q0' })] }), /expected pattern/],
    ['the same id twice', () => ({ MetricDataQueries: [query({}), query({})] }), /not unique: q0/],
    ['a period of 90 s', () => ({ MetricDataQueries: [query({}, { Period: 90 })] }), /multiple of 60/],
    ['an unknown statistic', () => ({ MetricDataQueries: [query({}, { Stat: 'Mean' })] }), /Mean/],
    ['a percentile above 100', () => ({ MetricDataQueries: [query({}, { Stat: 'p101' })] }), /p101/],
    ['start and end the same', () => ({ StartTime: new Date(END_MS) }), /StartTime must be less/],
    ['too many datapoints', () => ({ MaxDatapoints: 100_801 }), /MaxDatapoints/],
    ['neither a metric nor an expression', () => ({ MetricDataQueries: [{ Id: 'q0' }] }), /Exactly one of/],
  ])('refuses %s', async (_, change, message) => {
    const refusal = cloudwatch.send(new GetMetricDataCommand(ask(change())))
    await expect(refusal).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(message),
    })
    const counters = await control<Counters>(simulator, 'counters')
    expect(counters).toMatchObject({ billedMetrics: 0, errors: { 'cloudwatch:GetMetricData': 1 } })
  })

  it('bills five statistics of a metric as one, six as two, and a metric without data too', async () => {
    const statistics = ['Sum', 'Average', 'Maximum', 'Minimum', 'SampleCount', 'p99']
    const queries = statistics.map((Stat, index) => query({ Id: `q${index}` }, { Stat }))
    const none = { Namespace: 'AWS/Lambda', MetricName: 'Nothing', Dimensions: [] }
    queries.push({ Id: 'none', MetricStat: { Metric: none, Period: 60, Stat: 'Sum' } })
    await cloudwatch.send(new GetMetricDataCommand(ask({ MetricDataQueries: queries.slice(0, 5) })))
    expect((await control<Counters>(simulator, 'counters')).billedMetrics).toBe(1)
    await cloudwatch.send(new GetMetricDataCommand(ask({ MetricDataQueries: queries })))
    expect((await control<Counters>(simulator, 'counters')).billedMetrics).toBe(1 + 2 + 1)
  })

  it('tells apart what was billed by period and length of the window, so that a poll is not taken for an audit', async () => {
    const sendOver = (hours: number, Period: number): Promise<unknown> =>
      cloudwatch.send(
        new GetMetricDataCommand(
          ask({
            MetricDataQueries: [query({}, { Period })],
            StartTime: new Date(END_MS - hours * 3_600_000),
            EndTime: new Date(END_MS),
          }),
        ),
      )
    await sendOver(0.4, 60)
    await sendOver(1, 60)
    await sendOver(1.1, 60)
    await sendOver(48, 86_400)
    const { billedBySpan } = await control<Counters>(simulator, 'counters')
    expect(billedBySpan).toEqual({ '60 s over 1 h': 2, '60 s over 2 h': 1, '86400 s over 48 h': 1 })
  })

  it.each([
    ['throttle', { name: 'Throttling', message: 'Rate exceeded' }],
    ['error500', { name: 'InternalServiceFault' }],
    ['brokenBody', { name: 'SyntaxError' }],
  ])('fails the next calls by the fault %s, then works', async (kind, error) => {
    await control(simulator, 'faults', { api: 'cloudwatch:GetMetricData', kind, times: 2 })
    await expect(cloudwatch.send(new GetMetricDataCommand(ask()))).rejects.toMatchObject(error)
    await expect(cloudwatch.send(new GetMetricDataCommand(ask()))).rejects.toMatchObject(error)
    expect((await cloudwatch.send(new GetMetricDataCommand(ask()))).MetricDataResults).toHaveLength(1)
  })

  it('hangs when told to, until the client gives up', async () => {
    await control(simulator, 'faults', { api: 'cloudwatch:GetMetricData', kind: 'hang' })
    const abortSignal = AbortSignal.timeout(200)
    const call = cloudwatch.send(new GetMetricDataCommand(ask()), { abortSignal })
    await expect(call).rejects.toMatchObject({ name: 'AbortError' })
  })
})
