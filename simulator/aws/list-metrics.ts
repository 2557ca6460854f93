import { type Dimension, NAMESPACE, type Series } from '../truth/series.ts'
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
    token: textOf(input.NextToken, 'NextToken'),
  }
}

/** A filter matches a series that has its dimension, whatever others the series has too. */
function hasDimension(series: Series, filter: DimensionFilter): boolean {
  return series.dimensions.some(
    (own: Dimension) => own.Name === filter.Name && (filter.Value ?? own.Value) === own.Value,
  )
}

/** cloudwatch:ListMetrics. `RecentlyActive` lists the same, because every series here has data within three hours. */
export const listMetrics: Operation = (call) => {
  const { namespace, metric, dimensions, token } = parseFilter(call)
  const { identity, region } = call.caller
  const all = [...call.simulation.truth.series(identity.accountId, region).values()]
  const matching =
    (namespace ?? NAMESPACE) === NAMESPACE
      ? all.filter(
          (series) =>
            (metric ?? series.metric) === series.metric &&
            dimensions.every((filter) => hasDimension(series, filter)),
        )
      : []
  const question = JSON.stringify([region, namespace, metric, dimensions])
  const page = takePage(matching, token, { size: PAGE_SIZE, question })
  const metrics = page.items.map((series) => ({
    Namespace: NAMESPACE,
    MetricName: series.metric,
    Dimensions: series.dimensions,
  }))
  return { Metrics: metrics, ...(page.next === undefined ? {} : { NextToken: page.next }) }
}
