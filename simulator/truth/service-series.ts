import { type EpochMs, MINUTE_MS } from '../../core/time.ts'
import { existsAt } from './change.ts'
import { drawInvocations, type Invocation, longestMs } from './invocations.ts'
import type { Lambda } from './lambda.ts'
import { createRandom, hashText, mixSeed } from './random.ts'
import type { Dimension } from './series.ts'

/** A series of another namespace than Lambda's. */
export interface ServiceSeries {
  readonly metric: string
  /** Sorted by name. */
  readonly dimensions: readonly Dimension[]
  /** Minutes from one datapoint to the next; a datapoint is stamped with the first of them. */
  readonly everyMin: number
  readonly seed: number
  /** Everything stamped with a minute. */
  readonly draw: (minuteMs: EpochMs) => readonly number[]
}

/** Makes the samples of one minute from numbers that depend on the series and the minute alone. */
type Draw = (random: () => number) => readonly number[]

type MetricTable = Readonly<Record<string, { readonly everyMin?: number; readonly draw: Draw }>>

/** A count in one sample; absent in a share of the minutes, because a service that did nothing says nothing. */
function count(most: number, silentShare = 0): Draw {
  return (random) => (random() < silentShare ? [] : [1 + Math.floor(random() * most)])
}

/** A level that is sampled once. */
function level(least: number, most: number): Draw {
  return (random) => [least + Math.floor(random() * (most - least))]
}

/** A few measurements. */
function measured(most: number): Draw {
  return (random) =>
    Array.from({ length: 1 + Math.floor(random() * 6) }, () => Math.floor(random() * most * 4) / 4)
}

const QUEUE_METRICS: MetricTable = {
  ApproximateAgeOfOldestMessage: { draw: level(0, 300) },
  ApproximateNumberOfMessagesDelayed: { draw: level(0, 5) },
  ApproximateNumberOfMessagesNotVisible: { draw: level(0, 50) },
  ApproximateNumberOfMessagesVisible: { draw: level(0, 1_000) },
  NumberOfEmptyReceives: { draw: count(20, 0.2) },
  NumberOfMessagesDeleted: { draw: count(100, 0.2) },
  NumberOfMessagesReceived: { draw: count(100, 0.2) },
  NumberOfMessagesSent: { draw: count(100, 0.2) },
  SentMessageSize: { draw: measured(4_096) },
}

const TABLE_METRICS: MetricTable = {
  ConsumedReadCapacityUnits: { draw: count(500) },
  ConsumedWriteCapacityUnits: { draw: count(200) },
  ProvisionedReadCapacityUnits: { everyMin: 5, draw: level(100, 101) },
  ProvisionedWriteCapacityUnits: { everyMin: 5, draw: level(50, 51) },
  ReadThrottleEvents: { draw: count(3, 0.9) },
}

const OPERATION_METRICS: MetricTable = {
  SuccessfulRequestLatency: { draw: measured(40) },
  ThrottledRequests: { draw: count(3, 0.9) },
}

const ACCOUNT_METRICS: MetricTable = {
  UserErrors: { draw: count(5, 0.5) },
  AccountMaxReads: { everyMin: 5, draw: level(80_000, 80_001) },
}

const OPERATIONS = ['GetItem', 'PutItem', 'Query']
const INDEX = 'by-date.v1'

function makeSeries(seed: number, table: MetricTable, dimensions: Readonly<Record<string, string>>) {
  const sorted = Object.entries(dimensions)
    .map(([Name, Value]): Dimension => ({ Name, Value }))
    .toSorted((left, right) => (left.Name < right.Name ? -1 : 1))
  return Object.entries(table).map(([metric, { everyMin = 1, draw }]): ServiceSeries => {
    const own = mixSeed(seed, hashText(`${metric}\n${JSON.stringify(sorted)}`))
    const isStamped = (minuteMs: EpochMs): boolean => (minuteMs / MINUTE_MS) % everyMin === 0
    return {
      metric,
      dimensions: sorted,
      everyMin,
      seed: own,
      draw: (minuteMs) => (isStamped(minuteMs) ? draw(createRandom(mixSeed(own, minuteMs / MINUTE_MS))) : []),
    }
  })
}

/** Queues of AWS/SQS. */
export function queueSeries(seed: number, queues: number): readonly ServiceSeries[] {
  return Array.from({ length: queues }, (_, index) =>
    makeSeries(seed, QUEUE_METRICS, { QueueName: `orders-${String(index).padStart(4, '0')}` }),
  ).flat()
}

/** Tables of AWS/DynamoDB, each with an index, and what belongs to none of them. */
export function tableSeries(seed: number, tables: number): readonly ServiceSeries[] {
  const names = Array.from({ length: tables }, (_, index) => `Orders_${String(index).padStart(4, '0')}`)
  const own = names.flatMap((TableName) => [
    ...makeSeries(seed, TABLE_METRICS, { TableName }),
    ...makeSeries(seed, TABLE_METRICS, { TableName, GlobalSecondaryIndexName: INDEX }),
    ...OPERATIONS.flatMap((Operation) => makeSeries(seed, OPERATION_METRICS, { TableName, Operation })),
  ])
  return tables === 0 ? [] : [...makeSeries(seed, ACCOUNT_METRICS, {}), ...own]
}

/** One sample of each metric for an invocation. */
const INSIGHTS: Readonly<Record<string, (lambda: Lambda, invocation: Invocation) => number>> = {
  cpu_total_time: (_lambda, { durationMs }) => Math.floor(durationMs / 2),
  memory_utilization: (_lambda, { startMs }) => 20 + (startMs % 60),
  used_memory_max: ({ memoryMb }, { startMs }) => Math.floor((memoryMb * (20 + (startMs % 60))) / 100),
  total_memory: ({ memoryMb }) => memoryMb,
  rx_bytes: (_lambda, { startMs }) => 1_000 + (startMs % 9_000),
  tx_bytes: (_lambda, { startMs }) => 500 + (startMs % 4_000),
}

/** The extension writes when an invocation has ended, and that is what the samples are stamped with. */
function endingIn(lambda: Lambda, minuteMs: EpochMs): readonly Invocation[] {
  const lookbackMs = Math.ceil(longestMs(lambda) / MINUTE_MS) * MINUTE_MS
  const ended: Invocation[] = []
  for (let atMs = minuteMs - lookbackMs; atMs <= minuteMs; atMs += MINUTE_MS) {
    for (const invocation of drawInvocations(lambda, atMs)) {
      const { endMs } = invocation
      if (endMs >= minuteMs && endMs < minuteMs + MINUTE_MS && existsAt(lambda, endMs)) ended.push(invocation)
    }
  }
  return ended
}

/** What the extension of Lambda Insights says of each active function, and of its version. */
export function insightsSeries(lambdas: readonly Lambda[]): readonly ServiceSeries[] {
  return lambdas
    .filter((lambda) => lambda.isActive && lambda.isListed)
    .flatMap((lambda) =>
      [[], [{ Name: 'version', Value: '$LATEST' }]].flatMap((more) =>
        Object.entries(INSIGHTS).map(([metric, measure]): ServiceSeries => ({
          metric,
          dimensions: [{ Name: 'function_name', Value: lambda.name }, ...more],
          everyMin: 1,
          seed: mixSeed(lambda.seed, hashText(metric)),
          draw: (minuteMs) => endingIn(lambda, minuteMs).map((invocation) => measure(lambda, invocation)),
        })),
      ),
    )
}
