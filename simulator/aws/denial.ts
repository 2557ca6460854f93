import { AwsError } from './error.ts'
import { isAction } from './fault-kind.ts'
import type { Caller } from './identity.ts'

/** IAM actions that nobody may do: exact, or ending in `*`; everywhere, or in some regions or accounts only. */
export interface Denial {
  readonly actions: readonly string[]
  readonly regions?: readonly string[]
  readonly accountIds?: readonly string[]
  /** Only these metrics: GetMetricData answers them Forbidden one by one, and nothing else is denied. */
  readonly metrics?: readonly string[]
}

/** The denials in force. */
export interface Denials {
  list(): readonly Denial[]
  replace(denials: readonly Denial[]): void
  /** Throws AccessDenied when the caller may not do this here. */
  check(action: string, caller: Caller, resource: string): void
  /** Whether GetMetricData answers Forbidden for this metric. */
  isForbidden(metric: string, caller: Caller): boolean
}

/** AWS answers it even where a policy denies it. */
const NEVER_DENIED = 'sts:GetCallerIdentity'

function covers(denial: Denial, action: string, caller: Caller): boolean {
  const isDenied = denial.actions.some((pattern) => isAction(pattern, action))
  const isRegion = denial.regions === undefined || denial.regions.includes(caller.region)
  const isAccount = denial.accountIds === undefined || denial.accountIds.includes(caller.identity.accountId)
  return isDenied && isRegion && isAccount
}

/** Creates the list of denials, empty. */
export function createDenials(): Denials {
  let current: readonly Denial[] = []
  return {
    list: () => current,
    replace(denials) {
      current = denials
    },
    check(action, caller, resource) {
      const isDenied = current.some(
        (denial) => denial.metrics === undefined && covers(denial, action, caller),
      )
      if (action === NEVER_DENIED || !isDenied) return
      throw new AwsError(
        'denied',
        `User: ${caller.identity.arn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
      )
    },
    isForbidden: (metric, caller) =>
      current.some(
        (denial) => denial.metrics?.includes(metric) && covers(denial, 'cloudwatch:GetMetricData', caller),
      ),
  }
}
