/** AWS as the aws.json of a golden case says. */
import type { AskedCall } from './scripted-cloudwatch.ts'

/** One series: datapoints by statistic and then by minute of the case's day, `{"Sum": {"08:20": 5}}`. */
interface CaseSeries {
  readonly metric: string
  readonly dimensions: Readonly<Record<string, string>>
  readonly datapoints: Readonly<Record<string, Readonly<Record<string, number>>>>
}

interface CaseRegion {
  readonly functions?: readonly object[]
  readonly mappings?: readonly object[]
  /** By namespace. */
  readonly series?: Readonly<Record<string, readonly CaseSeries[]>>
}

/** aws.json */
export interface CaseAws {
  readonly accountId: string
  readonly partition: string
  readonly regions: Readonly<Record<string, CaseRegion>>
}

const DAY_SEC = 86_400

interface AskedMetric {
  readonly Namespace: string
  readonly MetricName: string
  readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[]
}

interface AskedQuery {
  readonly Id: string
  readonly MetricStat: { readonly Metric: AskedMetric; readonly Stat: string; readonly Period: number }
}

interface AskedWindow {
  readonly startSec: number
  readonly endSec: number
}

/** One text for equal names and pairs, in whatever order the pairs come. */
export function keyOf(name: string, pairs: Readonly<Record<string, string>>): string {
  return JSON.stringify([name, Object.entries(pairs).toSorted(([left], [right]) => (left < right ? -1 : 1))])
}

/** By what is asked for, never by its id; what aws.json lacks is an error, because AWS was not asked as the case expects. */
function answerQuery(
  { series }: CaseRegion,
  query: AskedQuery,
  { startSec, endSec }: AskedWindow,
  day: string,
) {
  const { Metric, Stat, Period } = query.MetricStat
  // How long invocations took in two weeks: the case knows of none before its day.
  if (Period === DAY_SEC) return { Id: query.Id, StatusCode: 'Complete', Timestamps: [], Values: [] }
  if (Period !== 60) throw new Error(`aws.json has minutes, not ${Period} s`)
  const key = keyOf(
    Metric.MetricName,
    Object.fromEntries(Metric.Dimensions.map(({ Name, Value }) => [Name, Value])),
  )
  const found = series?.[Metric.Namespace]?.find((one) => keyOf(one.metric, one.dimensions) === key)
  const datapoints = found?.datapoints[Stat]
  if (datapoints === undefined) throw new Error(`aws.json has no ${Stat} of ${key} in ${Metric.Namespace}`)
  const inside = Object.entries(datapoints)
    .map(([minute, value]) => [Date.parse(`${day}T${minute}:00Z`) / 1000, value] as const)
    .filter(([timeSec]) => timeSec >= startSec && timeSec < endSec)
  return {
    Id: query.Id,
    StatusCode: 'Complete',
    Timestamps: inside.map(([timeSec]) => timeSec),
    Values: inside.map(([, value]) => value),
  }
}

function listMetrics({ series }: CaseRegion, namespace: string) {
  return (series?.[namespace] ?? []).map(({ metric, dimensions }) => ({
    Namespace: namespace,
    MetricName: metric,
    Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
  }))
}

/** The reply of this AWS to one call; throws what is wrong with a call that the case does not expect. */
export function answerCall(aws: CaseAws, { target, region, input }: AskedCall, day: string): object {
  const here = aws.regions[region]
  if (here === undefined) throw new Error(`aws.json has no region ${region}`)
  switch (target) {
    case 'GET /2015-03-31/functions':
      return { Functions: here.functions ?? [] }
    case 'GET /2015-03-31/event-source-mappings':
      return { EventSourceMappings: here.mappings ?? [] }
    case 'ListMetrics':
      return { Metrics: listMetrics(here, String(input['Namespace'])) }
    case 'GetMetricData': {
      const queries = input['MetricDataQueries'] as readonly AskedQuery[]
      const window = { startSec: Number(input['StartTime']), endSec: Number(input['EndTime']) }
      // In another order than asked for: only the id says which query a result answers.
      return { MetricDataResults: queries.map((query) => answerQuery(here, query, window, day)).toReversed() }
    }
    default:
      throw new Error(`no answer to ${target}`)
  }
}
