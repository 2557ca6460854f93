import type { NamespaceContext } from './circumstances.ts'
import type { Work } from './entry-plan.ts'
import { billedOfRequest, type MetricRequest } from './plan.ts'

/**
 * Why series are asked for, as plan and record name it. `everything`: the policy that asks for every wanted series at
 * every poll. `longest`: once, how long a function's invocations took.
 */
export type Rule = 'everything' | 'longest' | 'repair' | 'audit' | 'backfill'

/** By which rule a piece of work is asked for. */
export function ruleOf({ purpose }: Pick<Work, 'purpose'>): Rule {
  return purpose === 'live' ? 'everything' : purpose
}

/** Tells the record what is about to be asked: what the meter counts beyond it are retries and further pages. */
export function predictRequests(
  { context, region }: Pick<NamespaceContext, 'context' | 'region'>,
  rule: Rule,
  requests: readonly MetricRequest[],
): void {
  if (requests.length === 0) return
  context.predict({
    api: 'cloudwatch:GetMetricData',
    accountId: region.accountId,
    region: region.region,
    rule,
    requests: requests.length,
    billedMetrics: requests.reduce((sum, request) => sum + billedOfRequest(request), 0),
  })
}
