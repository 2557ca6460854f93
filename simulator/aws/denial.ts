import { AwsError } from './error.ts'
import type { Caller } from './identity.ts'

/** IAM actions that nobody may do: exact, or ending in `*`; everywhere, or in some regions or accounts only. */
export interface Denial {
  readonly actions: readonly string[]
  readonly regions?: readonly string[]
  readonly accountIds?: readonly string[]
}

/** The denials in force. */
export interface Denials {
  list(): readonly Denial[]
  replace(denials: readonly Denial[]): void
  /** Throws AccessDenied when the caller may not do this here. */
  check(action: string, caller: Caller, resource: string): void
}

/** AWS answers it even where a policy denies it. */
const NEVER_DENIED = 'sts:GetCallerIdentity'

function covers(denial: Denial, action: string, caller: Caller): boolean {
  const isAction = denial.actions.some((pattern) =>
    pattern.endsWith('*') ? action.startsWith(pattern.slice(0, -1)) : pattern === action,
  )
  const isRegion = denial.regions === undefined || denial.regions.includes(caller.region)
  const isAccount = denial.accountIds === undefined || denial.accountIds.includes(caller.identity.accountId)
  return isAction && isRegion && isAccount
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
      if (action === NEVER_DENIED || !current.some((denial) => covers(denial, action, caller))) return
      throw new AwsError(
        'denied',
        `User: ${caller.identity.arn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
      )
    },
  }
}
