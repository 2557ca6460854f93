import type { Fleet } from './fleet.ts'
import type { Lambda, Trait } from './lambda.ts'

export interface Dimension {
  readonly Name: string
  readonly Value: string
}

/** Where a series takes its samples: from a lambda (all of its traffic or one route), from its mapping, or from the whole region. */
export type Scope =
  | { readonly kind: 'lambda'; readonly lambda: Lambda; readonly route: string }
  | { readonly kind: 'mapping'; readonly lambda: Lambda }
  | { readonly kind: 'region'; readonly accountId: string; readonly region: string }

/** A metric with its exact dimension set: what ListMetrics lists and GetMetricData is asked for. */
export interface Series {
  readonly metric: string
  /** Sorted by name. */
  readonly dimensions: readonly Dimension[]
  readonly scope: Scope
}

export const NAMESPACE = 'AWS/Lambda'

/** The route of everything a lambda did, however it was named. */
export const ALL_TRAFFIC = ''

/** Every invocation makes one sample of each. */
const CORE_METRICS = ['Invocations', 'Errors', 'Throttles', 'Duration', 'ConcurrentExecutions']

const TRAIT_METRICS: Partial<Record<Trait, readonly string[]>> = {
  async: [
    'AsyncEventsReceived',
    'AsyncEventAge',
    'AsyncEventsDropped',
    'DeadLetterErrors',
    'DestinationDeliveryFailures',
  ],
  stream: ['IteratorAge'],
  kafka: ['OffsetLag'],
  extension: ['PostRuntimeExtensionsDuration'],
  recursive: ['RecursiveInvocationsDropped'],
  url: ['UrlRequestCount', 'Url4xxCount', 'Url5xxCount', 'UrlRequestLatency'],
}

const PROVISIONED_METRICS = [
  'ProvisionedConcurrencyInvocations',
  'ProvisionedConcurrencySpilloverInvocations',
  'ProvisionedConcurrentExecutions',
  'ProvisionedConcurrencyUtilization',
]

const MAPPING_METRICS = [
  'PolledEventCount',
  'FilteredOutEventCount',
  'InvokedEventCount',
  'FailedInvokeEventCount',
  'DeletedEventCount',
]

/** Added up over every lambda of the region; AWS publishes these in the empty dimension set. */
const REGION_SUM_METRICS = [
  ...CORE_METRICS,
  'DeadLetterErrors',
  'DestinationDeliveryFailures',
  'IteratorAge',
  'PostRuntimeExtensionsDuration',
]
const REGION_ONLY_METRICS = ['UnreservedConcurrentExecutions', 'ClaimedAccountConcurrency']

function dimension(Name: string, Value: string): Dimension {
  return { Name, Value }
}

function lambdaSeries(lambda: Lambda): Series[] {
  const own = dimension('FunctionName', lambda.name)
  const metrics = [...CORE_METRICS, ...(TRAIT_METRICS[lambda.trait] ?? [])]
  const on = (route: string, names: readonly string[], more: readonly Dimension[]): Series[] =>
    names.map((metric) => ({
      metric,
      dimensions: [own, ...more].toSorted((left, right) => (left.Name < right.Name ? -1 : 1)),
      scope: { kind: 'lambda', lambda, route },
    }))
  const whole = on(ALL_TRAFFIC, metrics, [])
  const resource = dimension('Resource', lambda.name)
  if (lambda.trait !== 'provisioned') return [...whole, ...on(ALL_TRAFFIC, metrics, [resource])]
  const live = dimension('Resource', `${lambda.name}:live`)
  const version = (id: string): Series[] =>
    on(`live@${id}`, metrics, [live, dimension('ExecutedVersion', id)])
  return [
    ...whole,
    ...on('unqualified', metrics, [resource]),
    ...on('live', [...metrics, ...PROVISIONED_METRICS], [live]),
    ...version('1'),
    ...version('2'),
  ]
}

function mappingSeries(lambda: Lambda): Series[] {
  if (lambda.trait !== 'mapping' || lambda.mappingUuid === undefined) return []
  const dimensions = [dimension('EventSourceMappingUUID', lambda.mappingUuid)]
  return MAPPING_METRICS.map((metric) => ({ metric, dimensions, scope: { kind: 'mapping', lambda } }))
}

/** The key under which a series is found again, whatever the order of the dimensions asked for. */
export function seriesKey(metric: string, dimensions: readonly Dimension[]): string {
  const parts = dimensions.map(({ Name, Value }) => `${Name}=${Value}`)
  return [metric, ...(parts.length > 1 ? parts.toSorted() : parts)].join('\n')
}

/** The account-wide series of a region: sums of what at least one lambda publishes, and what exists only there. */
function regionSeries(accountId: string, region: string, active: readonly Lambda[]): Series[] {
  if (active.length === 0) return []
  const published = new Set(
    active.flatMap((lambda) => TRAIT_METRICS[lambda.trait] ?? []).concat(CORE_METRICS),
  )
  const metrics = [...REGION_SUM_METRICS.filter((metric) => published.has(metric)), ...REGION_ONLY_METRICS]
  return metrics.map((metric) => ({
    metric,
    dimensions: [],
    scope: { kind: 'region', accountId, region },
  }))
}

/** Every series of a region that has data, by its key. Lambdas without traffic publish none, as at AWS. */
export function listSeries(fleet: Fleet, accountId: string, region: string): ReadonlyMap<string, Series> {
  const active = fleet.lambdas(accountId, region).filter((lambda) => lambda.isActive)
  const ofLambdas = active.flatMap((lambda) => [...lambdaSeries(lambda), ...mappingSeries(lambda)])
  const all = [...regionSeries(accountId, region, active), ...ofLambdas]
  return new Map(all.map((series) => [seriesKey(series.metric, series.dimensions), series]))
}
