import type { NamespaceContext } from './circumstances.ts'
import type { Work } from './entry-plan.ts'
import type { Policy } from './policy.ts'
import { billedOfRequest, type MetricRequest } from './plan.ts'

/**
 * Why series are asked for, as plan and record name it. `everything`, `mask`: all of who is asked at every poll.
 * `probe`: whether anything happened, and of what no probe says; `rest`: of who did something. `gate`: the region's sums;
 * `wake`: whose they are, where something is left over. `longest`: once, how long a function's invocations took.
 */
export type Rule =
  | 'everything'
  | 'mask'
  | 'probe'
  | 'rest'
  | 'gate'
  | 'wake'
  | 'longest'
  | 'repair'
  | 'audit'
  | 'backfill'

/** By which rule a piece of work is asked for. */
export function ruleOf({ purpose }: Pick<Work, 'purpose'>, { kind }: Pick<Policy, 'kind'>): Rule {
  return purpose === 'live' ? kind : purpose
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
