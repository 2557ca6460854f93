import { DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS } from '../../core/time.ts'
import { countMany, type Counters } from '../counters.ts'
import { type Dimension, seriesKey } from '../truth/series.ts'
import { parseStatistic, type Statistic } from '../truth/statistic.ts'
import { type Call, parseInput } from './call.ts'
import { AwsError } from './error.ts'

/** One MetricDataQuery that passed every check. */
export interface MetricQuery {
  readonly id: string
  readonly label: string
  readonly namespace: string
  readonly metric: string
  /** `seriesKey` of metric and dimensions. */
  readonly key: string
  readonly periodSec: number
  readonly statistic: Statistic
  readonly isReturned: boolean
  /** Whose metric it is; undefined for the caller's. */
  readonly owner: string | undefined
}

/** A GetMetricData request that passed every check. */
export interface MetricRequest {
  readonly queries: readonly MetricQuery[]
  /** Inclusive, rounded down as AWS does. */
  readonly startMs: EpochMs
  /** Exclusive. */
  readonly endMs: EpochMs
  readonly isAscending: boolean
  readonly maxDatapoints: number
  readonly token: string | undefined
  /** What was asked, without the token. */
  readonly question: string
}

/** Limits of one GetMetricData call, as the API reference states them. */
const MAX_QUERIES = 500
const MAX_DATAPOINTS = 100_800

interface RawQuery {
  readonly Id?: unknown
  readonly Label?: unknown
  readonly Expression?: unknown
  readonly ReturnData?: unknown
  readonly AccountId?: unknown
  readonly MetricStat?: {
    readonly Metric?: {
      readonly Namespace?: unknown
      readonly MetricName?: unknown
      readonly Dimensions?: unknown
    }
    readonly Period?: unknown
    readonly Stat?: unknown
  }
}

function refuse(message: string): never {
  throw new AwsError('validation', message)
}

function requireText(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '') return value
  return refuse(`The parameter ${name} is required.`)
}

function parseDimensions(value: unknown, place: string): Dimension[] {
  if (value === undefined) return []
  if (!Array.isArray(value) || value.length > 30) {
    return refuse(`The parameter ${place} must be a list of at most 30 dimensions.`)
  }
  return value.map((each: { Name?: unknown; Value?: unknown }) => ({
    Name: requireText(each.Name, `${place}.member.Name`),
    Value: requireText(each.Value, `${place}.member.Value`),
  }))
}

function parsePeriodSec(value: unknown, place: string): number {
  if (typeof value === 'number' && value > 0 && value % 60 === 0) return value
  throw new AwsError(
    'validation',
    `The parameter ${place} must be a multiple of 60, got ${JSON.stringify(value)}.`,
  )
}

function parseQuery(raw: RawQuery, index: number): MetricQuery {
  const place = `MetricDataQueries.member.${index + 1}`
  const id = requireText(raw.Id, `${place}.Id`)
  if (!/^[a-z][A-Za-z0-9_]*$/.test(id) || id.length > 255) {
    refuse(
      `The value ${id} for parameter ${place}.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.`,
    )
  }
  if (raw.Expression !== undefined)
    refuse(`${place}.Expression: this simulator evaluates no expressions; use MetricStat.`)
  const stat =
    raw.MetricStat ?? refuse(`Exactly one of ${place}.MetricStat and ${place}.Expression must be given.`)
  const metric = requireText(stat.Metric?.MetricName, `${place}.MetricStat.Metric.MetricName`)
  const name = requireText(stat.Stat, `${place}.MetricStat.Stat`)
  return {
    id,
    label: typeof raw.Label === 'string' ? raw.Label : metric,
    namespace: requireText(stat.Metric?.Namespace, `${place}.MetricStat.Metric.Namespace`),
    metric,
    key: seriesKey(metric, parseDimensions(stat.Metric?.Dimensions, `${place}.MetricStat.Metric.Dimensions`)),
    periodSec: parsePeriodSec(stat.Period, `${place}.MetricStat.Period`),
    statistic:
      parseStatistic(name) ??
      refuse(`The value ${name} for parameter ${place}.MetricStat.Stat is not supported.`),
    isReturned: raw.ReturnData !== false,
    owner: raw.AccountId === undefined ? undefined : requireText(raw.AccountId, `${place}.AccountId`),
  }
}

function parseQueries(value: unknown): MetricQuery[] {
  if (!Array.isArray(value) || value.length === 0)
    return refuse('The parameter MetricDataQueries is required.')
  if (value.length > MAX_QUERIES) {
    refuse(`The collection MetricDataQueries must not have a size greater than ${MAX_QUERIES}.`)
  }
  const queries = value.map((raw: RawQuery | null, index) => parseQuery(raw ?? {}, index))
  const ids = new Set<string>()
  for (const { id } of queries) {
    if (ids.has(id)) refuse(`The values for parameter id in MetricDataQueries are not unique: ${id}.`)
    ids.add(id)
  }
  return queries
}

/** Seconds on the wire, possibly fractional. */
function parseTimeMs(value: unknown, name: string): EpochMs {
  if (typeof value === 'number' && Number.isFinite(value)) return value * 1_000
  return refuse(`The parameter ${name} is required.`)
}

/** AWS rounds the start down: to the minute for 15 days, to 5 minutes for 63 days, to the hour before that. */
function roundStart(startMs: EpochMs, nowMs: EpochMs): EpochMs {
  const ageMs = nowMs - startMs
  const stepMs = ageMs < 15 * DAY_MS ? MINUTE_MS : ageMs < 63 * DAY_MS ? 5 * MINUTE_MS : 60 * MINUTE_MS
  return Math.floor(startMs / stepMs) * stepMs
}

function parseMaxDatapoints(value: unknown): number {
  if (value === undefined) return MAX_DATAPOINTS
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_DATAPOINTS)
    return value
  return refuse(`The parameter MaxDatapoints must be between 1 and ${MAX_DATAPOINTS}.`)
}

/** Reads and checks a GetMetricData request. Throws the AwsError that CloudWatch would answer. */
export function parseMetricRequest(call: Call): MetricRequest {
  const { NextToken, ...input } = parseInput(call)
  const queries = parseQueries(input.MetricDataQueries)
  const startMs = parseTimeMs(input.StartTime, 'StartTime')
  const endMs = parseTimeMs(input.EndTime, 'EndTime')
  if (startMs >= endMs) refuse('The parameter StartTime must be less than the parameter EndTime.')
  const { ScanBy } = input
  if (ScanBy !== undefined && ScanBy !== 'TimestampAscending' && ScanBy !== 'TimestampDescending') {
    refuse('The parameter ScanBy must be TimestampAscending or TimestampDescending.')
  }
  return {
    queries,
    startMs: roundStart(startMs, call.simulation.clock.nowMs()),
    endMs,
    isAscending: ScanBy === 'TimestampAscending',
    maxDatapoints: parseMaxDatapoints(input.MaxDatapoints),
    token: typeof NextToken === 'string' ? NextToken : undefined,
    question: `${startMs} ${endMs} ${queries.map((query) => query.id).join(' ')}`,
  }
}

/** What a request costs: ⌈statistics / 5⌉ for every distinct metric in it, whether it has data or not. */
function countBilledMetrics(queries: readonly MetricQuery[]): number {
  const statistics = new Map<string, number>()
  for (const { namespace, key, owner = '' } of queries) {
    const metric = `${owner}\n${namespace}\n${key}`
    statistics.set(metric, (statistics.get(metric) ?? 0) + 1)
  }
  return [...statistics.values()].reduce((sum, count) => sum + Math.ceil(count / 5), 0)
}

/** Counts what a request costs. One that mixes periods, which no collector needs, counts under its first. */
export function countBilled(
  counters: Counters,
  { queries, startMs, endMs }: Pick<MetricRequest, 'queries' | 'startMs' | 'endMs'>,
): void {
  const billed = countBilledMetrics(queries)
  const hours = Math.ceil((endMs - startMs) / HOUR_MS)
  counters.billedMetrics += billed
  countMany(counters.billedBySpan, `${queries[0]?.periodSec} s over ${hours} h`, billed)
}
