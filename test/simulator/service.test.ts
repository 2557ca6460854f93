import {
  type CloudWatchClient,
  GetMetricDataCommand,
  type Metric,
  paginateListMetrics,
} from '@aws-sdk/client-cloudwatch'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts'
import { control, makeClients } from './aws-clients.ts'

const NOW_MS = Date.UTC(2026, 10, 23, 12, 0, 30)
const MINUTE_MS = 60_000

let simulator: RunningSimulator
let cloudwatch: CloudWatchClient

beforeAll(async () => {
  const services = { queues: 60, tables: 2, insights: true }
  simulator = await startSimulator({ functions: 30, regions: ['us-east-1'], latencyMs: 0, services })
  await control(simulator, 'clock', { nowMs: NOW_MS, frozen: true })
  cloudwatch = makeClients(simulator).cloudwatch
})
afterAll(() => simulator.close())

async function list(Namespace?: string): Promise<readonly Metric[]> {
  const metrics: Metric[] = []
  const input = Namespace === undefined ? {} : { Namespace }
  for await (const page of paginateListMetrics({ client: cloudwatch }, input))
    metrics.push(...(page.Metrics ?? []))
  return metrics
}

const setOf = ({ Dimensions = [] }: Metric): string => Dimensions.map(({ Name }) => Name).join()

async function read(metric: Metric, Stat: string, [fromMs, toMs]: readonly [number, number]) {
  const reply = await cloudwatch.send(
    new GetMetricDataCommand({
      StartTime: new Date(fromMs),
      EndTime: new Date(toMs),
      ScanBy: 'TimestampAscending',
      MetricDataQueries: [{ Id: 'q0', MetricStat: { Metric: metric, Period: 60, Stat } }],
    }),
  )
  const [result] = reply.MetricDataResults ?? []
  return (result?.Timestamps ?? []).map((time, at) => [time.getTime(), result?.Values?.[at]] as const)
}

async function truthOf(metric: Metric, statistic: string, [fromMs, toMs]: readonly [number, number]) {
  const query = new URLSearchParams({
    region: 'us-east-1',
    namespace: metric.Namespace ?? '',
    metric: metric.MetricName ?? '',
    statistic,
    startMs: String(fromMs),
    endMs: String(toMs),
  })
  for (const { Name = '', Value = '' } of metric.Dimensions ?? []) query.set(Name, Value)
  const { values } = await control<{ values: { timeMs: number; now: number; final: number }[] }>(
    simulator,
    `truth/values?${query.toString()}`,
  )
  return values
}

describe('other services', () => {
  it('are listed by their namespace, page by page, in the dimension sets that AWS documents', async () => {
    const queues = await list('AWS/SQS')
    expect(queues).toHaveLength(60 * 9)
    expect(new Set(queues.map(setOf))).toEqual(new Set(['QueueName']))
    expect(new Set((await list('AWS/DynamoDB')).map(setOf))).toEqual(
      new Set(['', 'TableName', 'GlobalSecondaryIndexName,TableName', 'Operation,TableName']),
    )
    const insights = await list('LambdaInsights')
    expect(new Set(insights.map(setOf))).toEqual(new Set(['function_name', 'function_name,version']))
    const namespaces = new Set((await list()).map(({ Namespace }) => Namespace))
    expect(namespaces).toEqual(new Set(['AWS/Lambda', 'AWS/SQS', 'AWS/DynamoDB', 'LambdaInsights']))
    expect(await list('AWS/EC2')).toEqual([])
  })

  it('say what the truth says', async () => {
    const span = [NOW_MS - 60 * MINUTE_MS - 30_000, NOW_MS - 30_000] as const
    for (const namespace of ['AWS/SQS', 'AWS/DynamoDB', 'LambdaInsights']) {
      const some = (await list(namespace)).filter((_, index) => index % 37 === 0)
      for (const metric of some) {
        const truth = await truthOf(metric, 'Sum', span)
        expect(await read(metric, 'Sum', span)).toEqual(truth.map(({ timeMs, now }) => [timeMs, now]))
      }
      expect(some.length).toBeGreaterThan(0)
    }
  })

  it('show a datapoint of five minutes once they are over, stamped with the first', async () => {
    const [metric] = (await list('AWS/DynamoDB')).filter(
      ({ MetricName }) => MetricName === 'ProvisionedReadCapacityUnits',
    )
    if (metric === undefined) throw new Error('no such metric')
    const span = [NOW_MS - 30_000 - 15 * MINUTE_MS, NOW_MS] as const
    const at = (minutes: number) => NOW_MS - 30_000 - minutes * MINUTE_MS
    expect(await read(metric, 'Maximum', span)).toEqual([15, 10, 5].map((minutes) => [at(minutes), 100]))
    await control(simulator, 'clock', { offsetMs: -MINUTE_MS })
    expect(await read(metric, 'Maximum', span)).toEqual([15, 10].map((minutes) => [at(minutes), 100]))
    await control(simulator, 'clock', { nowMs: NOW_MS })
  })

  it('come late when data come late, and then as they were', async () => {
    const [metric] = (await list('AWS/SQS')).filter(
      ({ MetricName }) => MetricName === 'ApproximateNumberOfMessagesVisible',
    )
    if (metric === undefined) throw new Error('no such metric')
    const span = [NOW_MS - 30_000 - 10 * MINUTE_MS, NOW_MS] as const
    const punctual = await read(metric, 'Maximum', span)
    await control(simulator, 'late', { on: true, minDelaySec: 120, maxDelaySec: 150 })
    expect(await read(metric, 'Maximum', span)).toEqual(punctual.slice(0, -2))
    await control(simulator, 'late', { on: false })
    expect(await read(metric, 'Maximum', span)).toEqual(punctual)
  })
})
