import type { EpochMs } from '../../core/time.ts'
import { type Dimension, NAMESPACE, type Series } from '../truth/series.ts'
import { SERVICE_NAMESPACES } from '../truth/service.ts'
import { type Call, type Operation, parseInput, takePage } from './call.ts'
import { AwsError } from './error.ts'

/** AWS returns up to 500 metrics a page and lets nobody ask for more or fewer. */
const PAGE_SIZE = 500

interface DimensionFilter {
  readonly Name: string
  readonly Value?: string
}

interface Filter {
  readonly namespace: string | undefined
  readonly metric: string | undefined
  readonly dimensions: readonly DimensionFilter[]
  readonly isRecent: boolean
  /** Accounts whose metrics are listed. */
  readonly owners: readonly string[]
  readonly isLinked: boolean
  readonly token: string | undefined
}

function textOf(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string' && value !== '') return value
  throw new AwsError('invalidValue', `The parameter ${name} must be a non-empty string.`)
}

function parseDimension(value: unknown, index: number): DimensionFilter {
  const place = `Dimensions.member.${index + 1}`
  const { Name, Value } = (value ?? {}) as { Name?: unknown; Value?: unknown }
  const name = textOf(Name, `${place}.Name`)
  if (name === undefined) throw new AwsError('validation', `The parameter ${place}.Name is required.`)
  const text = textOf(Value, `${place}.Value`)
  return text === undefined ? { Name: name } : { Name: name, Value: text }
}

/** Its own metrics alone, unless it asks for those of linked accounts too; one of them, if it names one. */
function ownersOf(
  { simulation, caller }: Call,
  { IncludeLinkedAccounts, OwningAccount }: Readonly<Record<string, unknown>>,
): Pick<Filter, 'owners' | 'isLinked'> {
  const own = caller.identity.accountId
  const isLinked = IncludeLinkedAccounts === true
  const visible = [own, ...(isLinked ? (simulation.links.get(own) ?? []) : [])]
  const wanted = textOf(OwningAccount, 'OwningAccount')
  return { isLinked, owners: wanted === undefined ? visible : visible.filter((id) => id === wanted) }
}

function parseFilter(call: Call): Filter {
  const input = parseInput(call)
  const dimensions = Array.isArray(input.Dimensions) ? input.Dimensions : []
  if (dimensions.length > 10)
    throw new AwsError('invalidValue', 'The parameter Dimensions has a limit of 10 members.')
  if (input.RecentlyActive !== undefined && input.RecentlyActive !== 'PT3H') {
    throw new AwsError('invalidValue', 'The value for parameter RecentlyActive must be PT3H.')
  }
  return {
    namespace: textOf(input.Namespace, 'Namespace'),
    metric: textOf(input.MetricName, 'MetricName'),
    dimensions: dimensions.map(parseDimension),
    isRecent: input.RecentlyActive !== undefined,
    ...ownersOf(call, input),
    token: textOf(input.NextToken, 'NextToken'),
  }
}

/** A series as it is listed. */
interface Listed {
  readonly owner: string
  readonly namespace: string
  readonly metric: string
  readonly dimensions: readonly Dimension[]
}

/** A filter matches a series that has its dimension, whatever others the series has too. */
function hasDimension(series: Pick<Series, 'dimensions'>, filter: DimensionFilter): boolean {
  return series.dimensions.some(
    (own: Dimension) => own.Name === filter.Name && (filter.Value ?? own.Value) === own.Value,
  )
}

/** Lists of series that were asked for last, so that each page does not make its list anew. */
const lists = new WeakMap<ReadonlyMap<string, Series>, Map<string, readonly Listed[]>>()
const MAX_LISTS = 16

function isAsked(series: Pick<Series, 'metric' | 'dimensions'>, { metric, dimensions }: Filter): boolean {
  return (metric ?? series.metric) === series.metric && dimensions.every((each) => hasDimension(series, each))
}

function findLambda(
  call: Call,
  filter: Filter,
  { owner, asOfMs }: { owner: string; asOfMs: EpochMs },
): readonly Listed[] {
  const { truth, listing } = call.simulation
  const matching: Listed[] = []
  for (const series of truth.series(owner, call.caller.region).values()) {
    if (!isAsked(series, filter) || !listing.isListed(series, asOfMs)) continue
    const { metric, dimensions } = series
    if (!filter.isRecent || listing.isRecent(series, asOfMs))
      matching.push({ owner, namespace: NAMESPACE, metric, dimensions })
  }
  return matching
}

/** Series of other services are always listed, and always active. */
function findService(
  { simulation, caller: { region } }: Call,
  filter: Filter,
  { owner, namespace }: { owner: string; namespace: string },
): readonly Listed[] {
  const series = simulation.services.series(namespace, owner, region)
  return [...series.values()]
    .filter((one) => isAsked(one, filter))
    .map(({ metric, dimensions }) => ({ owner, namespace, metric, dimensions }))
}

function findSeries(call: Call, filter: Filter, asOfMs: EpochMs): readonly Listed[] {
  const { namespace } = filter
  const others = SERVICE_NAMESPACES.filter((each) => (namespace ?? each) === each)
  return filter.owners.flatMap((owner) => [
    ...((namespace ?? NAMESPACE) === NAMESPACE ? findLambda(call, filter, { owner, asOfMs }) : []),
    ...others.flatMap((each) => findService(call, filter, { owner, namespace: each })),
  ])
}

function takeList(
  call: Call,
  filter: Filter,
  asked: { question: string; asOfMs: EpochMs },
): readonly Listed[] {
  const all = call.simulation.truth.series(call.caller.identity.accountId, call.caller.region)
  const known = lists.get(all) ?? new Map<string, readonly Listed[]>()
  lists.set(all, known)
  const list = known.get(asked.question) ?? findSeries(call, filter, asked.asOfMs)
  if (known.size >= MAX_LISTS) known.clear()
  known.set(asked.question, list)
  return list
}

/** A list goes on as it was when its first page was asked for: a series that comes or goes meanwhile shifts no page. */
function readAsOf(
  { simulation }: Call,
  token: string | undefined,
): { asOfMs: EpochMs; token: string | undefined } {
  const nowMs = simulation.listing.isOn ? simulation.clock.nowMs() : 0
  if (token === undefined) return { asOfMs: nowMs, token }
  const mark = token.indexOf('.')
  return { asOfMs: Number(token.slice(0, mark)), token: token.slice(mark + 1) }
}

/** cloudwatch:ListMetrics. */
export const listMetrics: Operation = (call) => {
  const filter = parseFilter(call)
  const { namespace, metric, dimensions, isRecent, owners, isLinked } = filter
  const { asOfMs, token } = readAsOf(call, filter.token)
  const asked = [call.caller.region, namespace, metric, dimensions, isRecent, owners, asOfMs]
  const question = JSON.stringify(asked)
  const list = takeList(call, filter, { question, asOfMs })
  const page = takePage(list, token, { size: PAGE_SIZE, question, fault: call.fault })
  const metrics = page.items.map((series) => ({
    Namespace: series.namespace,
    MetricName: series.metric,
    Dimensions: series.dimensions,
  }))
  const owning = isLinked ? { OwningAccounts: page.items.map(({ owner }) => owner) } : {}
  return {
    Metrics: metrics,
    ...owning,
    ...(page.next === undefined ? {} : { NextToken: `${asOfMs}.${page.next}` }),
  }
}
