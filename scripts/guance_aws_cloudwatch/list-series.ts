import type { Dimension as ListedDimension, Metric } from '@aws-sdk/client-cloudwatch'
import { AwsFailure, type AwsRegion, readList, readToken } from 'guance-aws-lambda/sets/guance_integration'
import type { Selection } from './selection.ts'
import type { Dimension, Series } from './series.ts'

/** Of ListMetrics (aws.md §1.3). */
export const SERIES_PER_PAGE = 500

/** A million series. More means that AWS keeps handing out tokens. */
const MAX_PAGES = 2_000

const ACTION = 'cloudwatch:ListMetrics'

const ACCOUNT_ID = /^\d{12}$/

/** One dimension set with its values, and the metrics that AWS lists for it. Grouped, because a function has a dozen of them. */
export interface ListedIdentity {
  readonly dimensions: readonly Dimension[]
  readonly metrics: readonly string[]
}

interface Page {
  readonly metrics: readonly Metric[]
  /** Owner of each, where linked accounts are listed too. */
  readonly owners: readonly unknown[]
  readonly token: string | undefined
}

function parseDimensions({ Dimensions }: Metric): readonly Dimension[] {
  return (Dimensions ?? [])
    .flatMap(({ Name, Value }) =>
      typeof Name === 'string' && typeof Value === 'string' ? [{ name: Name, value: Value }] : [],
    )
    .toSorted((left, right) => (left.name < right.name ? -1 : 1))
}

function parseSeries(namespace: string, metric: Metric): Series | undefined {
  if (typeof metric.MetricName !== 'string' || (metric.Namespace ?? namespace) !== namespace) return undefined
  return { namespace, metric: metric.MetricName, dimensions: parseDimensions(metric) }
}

/** Which part of a listing. */
interface ListOptions {
  /** Only what had a datapoint in the last three hours: AWS knows no other span. */
  readonly isRecent?: boolean
  /** Of all accounts that are linked to this one, beside its own. */
  readonly isLinked?: boolean
  readonly token?: string | undefined
}

/** One page. Throws AwsFailure. */
export async function fetchListPage(
  region: AwsRegion,
  namespace: string,
  { isRecent, isLinked, token }: ListOptions = {},
): Promise<Page> {
  const { ListMetricsCommand } = await import('@aws-sdk/client-cloudwatch')
  const client = await region.cloudwatch()
  const input = {
    Namespace: namespace,
    ...(isRecent === true ? { RecentlyActive: 'PT3H' as const } : {}),
    ...(isLinked === true || region.owner !== undefined ? { IncludeLinkedAccounts: true } : {}),
    ...(region.owner === undefined ? {} : { OwningAccount: region.owner }),
    ...(token === undefined ? {} : { NextToken: token }),
  }
  return region.call(ACTION, async (abortSignal) => {
    const reply = await client.send(new ListMetricsCommand(input), { abortSignal })
    const { Metrics, NextToken, OwningAccounts } = reply
    const metrics = readList<Metric>(Metrics, 'metrics', ['MetricName', 'Namespace'])
    for (const { Dimensions } of metrics)
      readList<ListedDimension>(Dimensions ?? [], 'dimensions', ['Name', 'Value'])
    const owners: unknown = OwningAccounts ?? []
    if (!Array.isArray(owners)) throw new SyntaxError('the reply has no list of owners')
    return { metrics, owners, token: readToken(NextToken, token) }
  })
}

/**
 * Everything that AWS lists for the namespace, as the selection takes it. A page that fails fails the whole: a partial
 * list taken for the whole would hide functions without a trace. Throws AwsFailure.
 */
export async function listInto(
  selection: Selection,
  region: AwsRegion,
  namespace: string,
  { isRecent = false }: Pick<ListOptions, 'isRecent'> = {},
): Promise<readonly ListedIdentity[]> {
  let token: string | undefined
  for (let page = 0; page < MAX_PAGES; page += 1) {
    // One page after the other: each one names the next.
    const parsed: Page = await fetchListPage(region, namespace, { isRecent, token })
    selection.add(parsed.metrics.flatMap((metric) => parseSeries(namespace, metric) ?? []))
    token = parsed.token
    if (token === undefined) return selection.finish()
  }
  throw new AwsFailure('transient', ACTION, new Error(`no last page among ${MAX_PAGES}`))
}

/** Ids of all accounts that own a listed metric of the namespace, this one's and linked ones. Throws AwsFailure. */
export async function listOwners(region: AwsRegion, namespace: string): Promise<ReadonlySet<string>> {
  const ids = new Set<string>()
  let token: string | undefined
  for (let page = 0; page < MAX_PAGES; page += 1) {
    // One page after the other: each one names the next.
    const parsed: Page = await fetchListPage(region, namespace, { isLinked: true, token })
    for (const owner of parsed.owners) {
      if (typeof owner === 'string' && ACCOUNT_ID.test(owner)) ids.add(owner)
    }
    token = parsed.token
    if (token === undefined) return ids
  }
  throw new AwsFailure('transient', ACTION, new Error(`no last page among ${MAX_PAGES}`))
}
