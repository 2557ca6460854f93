import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CloudwatchConfigs, Point, Script, SinkTraits } from '../../../core/dff.ts'
import { CloudwatchCollector } from '../../../scripts/guance_aws_cloudwatch/main.ts'
import { LambdaCollector } from '../../../scripts/guance_aws_lambda/main.ts'
import { Runner } from '../../../scripts/guance_integration/main.ts'
import { type Aws, NO_WAIT, startAws } from '../../scripts/aws-fixture.ts'
import { makeRun, makeStore, type TestStore } from '../../scripts/run-context.ts'

const MINUTE_MS = 60_000
const START_MS = Date.parse('2026-11-20T12:00:00Z')
const QUEUES = 5
const TABLES = 3

let aws: Aws

beforeAll(async () => {
  const services = { queues: QUEUES, tables: TABLES, insights: true }
  aws = await startAws({ functions: 24, regions: ['us-east-1'], active: 0.5, services })
})
afterAll(async () => aws.close())
beforeEach(async () => aws.control('POST', 'clock', { nowMs: START_MS, frozen: true }))

/**
 * What AWS documents of these metrics, and which statistic each is read for: written by hand, apart from the catalogues
 * that it is there to prove.
 */
const PROMISED: Readonly<
  Record<string, Readonly<Record<string, readonly [sets: string[], statistics: string[]]>>>
> = {
  'AWS/SQS': {
    ApproximateAgeOfOldestMessage: [['QueueName'], ['Average', 'Maximum']],
    ApproximateNumberOfMessagesDelayed: [['QueueName'], ['Maximum']],
    ApproximateNumberOfMessagesNotVisible: [['QueueName'], ['Maximum']],
    ApproximateNumberOfMessagesVisible: [['QueueName'], ['Maximum']],
    NumberOfEmptyReceives: [['QueueName'], ['Sum']],
    NumberOfMessagesDeleted: [['QueueName'], ['Sum']],
    NumberOfMessagesReceived: [['QueueName'], ['Sum']],
    NumberOfMessagesSent: [['QueueName'], ['Sum']],
    SentMessageSize: [['QueueName'], ['Average', 'Maximum']],
  },
  'AWS/DynamoDB': {
    ConsumedReadCapacityUnits: [['TableName', 'GlobalSecondaryIndexName,TableName'], ['Sum']],
    ConsumedWriteCapacityUnits: [['TableName', 'GlobalSecondaryIndexName,TableName'], ['Sum']],
    ProvisionedReadCapacityUnits: [['TableName', 'GlobalSecondaryIndexName,TableName'], ['Maximum']],
    ProvisionedWriteCapacityUnits: [['TableName', 'GlobalSecondaryIndexName,TableName'], ['Maximum']],
    ReadThrottleEvents: [['TableName', 'GlobalSecondaryIndexName,TableName'], ['Sum']],
    SuccessfulRequestLatency: [['Operation,TableName'], ['Average', 'Maximum', 'SampleCount', 'p90', 'p99']],
    ThrottledRequests: [['Operation,TableName'], ['Sum']],
    UserErrors: [[''], ['Sum']],
    AccountMaxReads: [[''], ['Maximum']],
  },
  LambdaInsights: {
    cpu_total_time: [['function_name'], ['Average', 'Maximum']],
    memory_utilization: [['function_name'], ['Average', 'Maximum']],
    used_memory_max: [['function_name'], ['Maximum']],
    total_memory: [['function_name'], ['Maximum']],
    rx_bytes: [['function_name'], ['Sum']],
    tx_bytes: [['function_name'], ['Sum']],
  },
}

interface ListedSeries {
  readonly namespace: string
  readonly metric: string
  readonly dimensions: readonly { readonly Name: string; readonly Value: string }[]
}

function script(more: Partial<CloudwatchConfigs> = {}): Script {
  const regions: CloudwatchConfigs['regions'] = ['us-east-1']
  const targets = Object.keys(PROMISED).map((namespace) => ({ namespace, metrics: ['ALL'] }))
  return Runner([
    LambdaCollector({}, { regions }, { backoff: NO_WAIT }),
    CloudwatchCollector({}, { regions, targets, ...more }, NO_WAIT),
  ])
}

async function pollAll(sink: SinkTraits, polls: number): Promise<TestStore> {
  const store = makeStore()
  for (let poll = 0; poll < polls; poll += 1) {
    const triggerTimeMs = START_MS + poll * 5 * MINUTE_MS
    await aws.control('POST', 'clock', { nowMs: triggerTimeMs })
    const run = makeRun(store, { triggerTimeMs, session: aws.session, sink })
    await script().run(run)
    // The simulator's clock stands in the past.
    expect(run.problems.filter(({ code }) => code !== 'clock-skew')).toEqual([])
  }
  return store
}

const lineKey = (measurement: string, dimensions: Readonly<Record<string, string>>, timeMs: number): string =>
  JSON.stringify([measurement, Object.entries(dimensions).toSorted(([a], [b]) => (a < b ? -1 : 1)), timeMs])

/** Fields of the last line of each dimension set and minute. */
function heldOf(points: readonly Point[]): Map<string, Readonly<Record<string, unknown>>> {
  return new Map(
    points
      .filter(({ category }) => category === 'metric')
      .map(({ measurement, tags, fields, timeMs }) => {
        const names = tags['Dimensions']?.split(',') ?? []
        const dimensions = Object.fromEntries(names.map((name) => [name, tags[name] ?? '']))
        return [lineKey(measurement, dimensions, timeMs), fields]
      }),
  )
}

/** What the simulator's control API says of every promised series, by line and field. */
async function truthOf(span: { readonly startMs: number; readonly endMs: number }) {
  const { series } = await aws.control<{ series: ListedSeries[] }>('GET', 'truth/series?region=us-east-1')
  const lines = new Map<string, Record<string, number>>()
  for (const { namespace, metric, dimensions } of series) {
    const [sets = [], statistics = []] = PROMISED[namespace]?.[metric] ?? []
    if (!sets.includes(dimensions.map(({ Name }) => Name).join())) continue
    const values = Object.fromEntries(dimensions.map(({ Name, Value }) => [Name, Value]))
    for (const statistic of statistics) {
      const query = new URLSearchParams({
        region: 'us-east-1',
        namespace,
        metric,
        statistic,
        startMs: String(span.startMs),
        endMs: String(span.endMs),
        ...values,
      })
      const path = `truth/values?${query.toString()}`
      const answer = await aws.control<{ values: { timeMs: number; final: number }[] }>('GET', path)
      for (const { timeMs, final } of answer.values) {
        const key = lineKey(`aws_${namespace}`, values, timeMs)
        lines.set(key, { ...lines.get(key), [`${metric}_${statistic}`]: final })
      }
    }
  }
  return lines
}

describe('queues, tables and Lambda Insights', () => {
  it.each([
    ['last', { rewrite: 'last', mergesFields: false }],
    ['unknown', { rewrite: 'unknown', mergesFields: false }],
  ] as const)(
    'arrive as they are, in no more dimension sets than needed, on a store that is %s',
    async (_, sink) => {
      await aws.control('POST', 'late', { on: true, minDelaySec: 20, maxDelaySec: 150, lateShare: 0 })
      const store = await pollAll(sink, 8)
      // Until the longest timeout of a function has passed, five minutes and what AWS takes.
      const span = { startMs: START_MS - 100 * MINUTE_MS, endMs: START_MS + 10 * MINUTE_MS }
      const truth = await truthOf(span)
      const held = [...heldOf(store.points)].filter(([key]) => {
        const timeMs = Number((JSON.parse(key) as unknown[])[2])
        return timeMs >= span.startMs && timeMs < span.endMs
      })
      expect(truth.size).toBeGreaterThan(QUEUES * 110 + TABLES * 5 * 110)
      expect(new Map(held)).toEqual(truth)
      if (sink.rewrite === 'unknown') {
        const metrics = store.points.filter(({ category }) => category === 'metric')
        expect(heldOf(metrics).size).toBe(metrics.length)
      }
    },
    120_000,
  )

  it('name what they are of, and Lambda Insights takes over the tags of its functions', async () => {
    const { points } = await pollAll({ rewrite: 'last', mergesFields: false }, 1)
    const tagsOf = (measurement: string) =>
      points.filter((point) => point.measurement === measurement).map(({ tags }) => tags)
    expect(new Set(tagsOf('aws_AWS/SQS').map(({ name }) => name)).size).toBe(QUEUES)
    for (const tags of tagsOf('aws_AWS/DynamoDB')) expect(tags['name']).toBe(tags['TableName'])
    const insights = tagsOf('aws_LambdaInsights')
    expect(insights.length).toBeGreaterThan(0)
    for (const tags of insights) expect(tags['name']).toBe(tags['function_name'])
    const runtimes = new Map(
      points
        .filter(({ category }) => category === 'custom_object')
        .map(({ tags }) => [tags['name'], tags['Runtime']]),
    )
    for (const tags of insights) expect(tags['Runtime']).toBe(runtimes.get(tags['name']))
  })

  it('are explained by name: why a table’s minute waits', async () => {
    const store = await pollAll({ rewrite: 'unknown', mergesFields: false }, 1)
    const run = makeRun(store, { triggerTimeMs: START_MS, session: aws.session })
    const explanations = (await script().explain?.(run, { name: 'Orders_0001' })) ?? []
    expect(explanations.map(({ title }) => title.replace(/^.*AWS/, 'AWS')).toSorted()).toEqual([
      'AWS/DynamoDB {GlobalSecondaryIndexName=by-date.v1, TableName=Orders_0001}',
      'AWS/DynamoDB {Operation=GetItem, TableName=Orders_0001}',
      'AWS/DynamoDB {Operation=PutItem, TableName=Orders_0001}',
      'AWS/DynamoDB {Operation=Query, TableName=Orders_0001}',
      'AWS/DynamoDB {TableName=Orders_0001}',
    ])
    const table = explanations.find(({ title }) => title.endsWith('DynamoDB {TableName=Orders_0001}'))
    expect(table?.facts.find(({ label }) => label === 'a minute is final after')?.value).toBe(
      '8 min: 1 min for the minute itself, 3 min until CloudWatch shows it, 4 min because a datapoint may stand for 5',
    )
  })
})
