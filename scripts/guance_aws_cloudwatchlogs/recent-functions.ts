import type { Dimension, Metric } from '@aws-sdk/client-cloudwatch'
import { AwsFailure, type AwsRegion, readList, readToken } from 'guance-aws-lambda/sets/guance_integration'

export const LIST_METRICS = 'cloudwatch:ListMetrics'

/** 500 a page (aws.md §1.3): a million functions. */
const MAX_PAGES = 2_000

const FUNCTION = 'FunctionName'

async function fetchPage(region: AwsRegion, token: string | undefined) {
  const { ListMetricsCommand } = await import('@aws-sdk/client-cloudwatch')
  const client = await region.cloudwatch()
  const command = new ListMetricsCommand({
    Namespace: 'AWS/Lambda',
    MetricName: 'Invocations',
    RecentlyActive: 'PT3H',
    ...(token === undefined ? {} : { NextToken: token }),
  })
  return region.call(LIST_METRICS, async (abortSignal) => {
    const { Metrics, NextToken } = await client.send(command, { abortSignal })
    const metrics = readList<Metric>(Metrics, 'metrics', ['MetricName'])
    const names = metrics.flatMap(({ Dimensions }) =>
      readList<Dimension>(Dimensions ?? [], 'dimensions', ['Name', 'Value']).flatMap(({ Name, Value }) =>
        Name === FUNCTION && typeof Value === 'string' ? [Value] : [],
      ),
    )
    return { names, token: readToken(NextToken, token) }
  })
}

/** Functions that were invoked lately, and how many requests it took to know. */
export interface Recent {
  readonly names: ReadonlySet<string>
  readonly pages: number
}

/** Functions that CloudWatch lists as invoked in the last three hours, the shortest span it knows. Throws AwsFailure. */
export async function listRecent(region: AwsRegion): Promise<Recent> {
  const names = new Set<string>()
  let token: string | undefined
  for (let pages = 1; pages <= MAX_PAGES; pages += 1) {
    // One page after the other: each one names the next.
    const reply = await fetchPage(region, token)
    for (const name of reply.names) names.add(name)
    token = reply.token
    if (token === undefined) return { names, pages }
  }
  throw new AwsFailure('transient', LIST_METRICS, new Error(`no last page among ${MAX_PAGES}`))
}
