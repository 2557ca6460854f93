import type { Metric } from '@aws-sdk/client-cloudwatch'
import type { AwsRegion } from 'guance-aws-lambda/sets/guance_integration'
import { type Dimension, identityOf, type Series } from './series.ts'

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

/**
 * Every series that AWS lists for the namespace, each once. A page that fails fails the discovery: a partial list taken
 * for the whole would hide functions without a trace. Throws AwsFailure.
 */
export async function discoverSeries(region: AwsRegion, namespace: string): Promise<readonly Series[]> {
  const { ListMetricsCommand } = await import('@aws-sdk/client-cloudwatch')
  const client = await region.cloudwatch()
  const found = new Map<string, Series>()
  let token: string | undefined
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const input = { Namespace: namespace, ...(token === undefined ? {} : { NextToken: token }) }
    // One page after the other: each one names the next.
    const reply = await region.call('cloudwatch:ListMetrics', async (abortSignal) =>
      client.send(new ListMetricsCommand(input), { abortSignal }),
    )
    for (const metric of reply.Metrics ?? []) {
      const series = parseSeries(namespace, metric)
      if (series !== undefined) found.set(`${series.metric} ${identityOf(series)}`, series)
    }
    token = reply.NextToken
    if (token === undefined || token === '') return [...found.values()]
  }
  throw new Error(`ListMetrics of ${namespace} did not end after ${MAX_PAGES} pages`)
}
