import type { Json, RunContext } from 'guance-aws-lambda/dff'
import type { AwsRegion } from 'guance-aws-lambda/sets/guance_integration'
import type { QueryOutcome } from './fetch.ts'
import { fieldName } from './statistics.ts'

function stateKey(scope: string, namespace: string): string {
  return `delivered/${scope}/${namespace}`
}

/** Fields of a namespace that came with at least one datapoint: what `dff verify` may expect at the sink. */
export async function loadDelivered(
  context: RunContext,
  scope: string,
  namespace: string,
): Promise<readonly string[]> {
  // Written by deliveredState alone.
  return ((await context.load(stateKey(scope, namespace))) ?? []) as readonly string[]
}

/** State with the fields that these outcomes add, empty when they add none; remembers them in `delivered`. */
export function deliveredState(
  region: AwsRegion,
  delivered: Set<string>,
  outcomes: readonly QueryOutcome[],
): Readonly<Record<string, Json>> {
  const before = delivered.size
  for (const { query, outcome } of outcomes) {
    if (outcome.kind !== 'complete' || outcome.value.size === 0) continue
    delivered.add(fieldName(query.series.metric, query.statistic))
  }
  const [first] = outcomes
  if (delivered.size === before || first === undefined) return {}
  return { [stateKey(region.scope, first.query.series.namespace)]: [...delivered].toSorted() }
}
