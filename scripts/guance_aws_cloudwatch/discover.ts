import type { Metric } from '@aws-sdk/client-cloudwatch'
import type { AwsRegion } from 'guance-aws-lambda/sets/guance_integration'
import { type Dimension, identityOf, type Series } from './series.ts'
import type { NamespaceTarget } from './targets.ts'

/** 500 a page (aws.md §1.3): a million series. More means that AWS keeps handing out tokens. */
const MAX_PAGES = 2_000

function parseDimensions(metric: Metric): readonly Dimension[] {
  return (metric.Dimensions ?? [])
    .flatMap(({ Name, Value }) =>
      Name === undefined || Value === undefined ? [] : [{ name: Name, value: Value }],
    )
    .toSorted((left, right) => (left.name < right.name ? -1 : 1))
}

function parseSeries(namespace: string, metric: Metric): Series | undefined {
  if (metric.MetricName === undefined || (metric.Namespace ?? namespace) !== namespace) return undefined
  return { namespace, metric: metric.MetricName, dimensions: parseDimensions(metric) }
}

/** Series kept before those that a later page made unwanted are dropped: ten pages cost little. */
const MIN_COMPACTION = 5_000

export interface Discovery {
  /** What AWS listed. */
  readonly listed: number
  /** Those wanted, each once. */
  readonly series: readonly Series[]
}

/** Holds wanted series alone, or twice as many: an account may list 700,000, and most are of other metrics and grains. */
class Selection {
  readonly #select: NamespaceTarget['select']
  #kept = new Map<string, Series>()
  #limit = MIN_COMPACTION

  constructor(select: NamespaceTarget['select']) {
    this.#select = select
  }

  add(page: readonly Series[]): void {
    for (const one of this.#select(page)) this.#kept.set(`${one.metric} ${identityOf(one)}`, one)
    if (this.#kept.size > this.#limit) this.finish()
  }

  finish(): readonly Series[] {
    const series = this.#select([...this.#kept.values()])
    this.#kept = new Map(series.map((one) => [`${one.metric} ${identityOf(one)}`, one]))
    this.#limit = Math.max(MIN_COMPACTION, 2 * series.length)
    return series
  }
}

/**
 * The wanted series that AWS lists for a namespace. A page that fails fails the discovery: a partial list taken for the
 * whole would hide functions without a trace. Throws AwsFailure.
 */
export async function discoverSeries(
  region: AwsRegion,
  { namespace, select }: Pick<NamespaceTarget, 'namespace' | 'select'>,
): Promise<Discovery> {
  const { ListMetricsCommand } = await import('@aws-sdk/client-cloudwatch')
  const client = await region.cloudwatch()
  const selection = new Selection(select)
  let listed = 0
  let token: string | undefined
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const input = { Namespace: namespace, ...(token === undefined ? {} : { NextToken: token }) }
    // One page after the other: each one names the next.
    const reply = await region.call('cloudwatch:ListMetrics', async (abortSignal) =>
      client.send(new ListMetricsCommand(input), { abortSignal }),
    )
    const series = (reply.Metrics ?? []).map((metric) => parseSeries(namespace, metric))
    selection.add(series.filter((one) => one !== undefined))
    listed += series.length
    token = reply.NextToken
    if (token === undefined || token === '') return { listed, series: selection.finish() }
  }
  throw new Error(`ListMetrics of ${namespace} did not end after ${MAX_PAGES} pages`)
}
