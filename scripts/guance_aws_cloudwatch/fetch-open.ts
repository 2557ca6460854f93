import type { RunContext } from 'guance-aws-lambda/dff'
import { AwsFailure, type AwsRegion } from 'guance-aws-lambda/sets/guance_integration'
import { fetchRequest, type QueryOutcome } from './fetch.ts'
import type { MetricRequest } from './plan.ts'

/** Two requests with half of the series each, whose statistics stay together; undefined for a single series. */
function halve(request: MetricRequest): readonly [MetricRequest, MetricRequest] | undefined {
  const series = [...new Set(request.queries.map((query) => query.series))]
  if (series.length < 2) return undefined
  const first = new Set(series.slice(0, Math.ceil(series.length / 2)))
  return [
    { ...request, queries: request.queries.filter((query) => first.has(query.series)) },
    { ...request, queries: request.queries.filter((query) => !first.has(query.series)) },
  ]
}

/**
 * A request that fails leaves its queries open; a refusal is everyone's and is thrown. What AWS does not accept is asked
 * for again by halves, until the series that it does not accept stands alone: else it would take the whole region with it.
 */
export async function fetchOpen(
  shared: { readonly region: AwsRegion; readonly context: RunContext },
  request: MetricRequest,
): Promise<readonly QueryOutcome[]> {
  try {
    return await fetchRequest(shared.region, request)
  } catch (error) {
    shared.context.signal.throwIfAborted()
    if (!(error instanceof AwsFailure)) throw error
    const halves = error.kind === 'invalid' ? halve(request) : undefined
    if (halves !== undefined) {
      // One after the other: the rate is what AWS limits.
      const outcomes = [await fetchOpen(shared, halves[0]), await fetchOpen(shared, halves[1])]
      return outcomes.flat()
    }
    if (!['invalid', 'transient', 'throttled', 'budget'].includes(error.kind)) throw error
    const outcome = { kind: 'transient', reason: error.message } as const
    return request.queries.map((query) => ({ query, outcome }))
  }
}
