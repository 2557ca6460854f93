import type { EpochMs } from '../../core/time.ts'

/** One statement of a policy, as far as the simulator evaluates IAM. */
export interface Statement {
  readonly effect: 'Allow' | 'Deny'
  readonly actions: readonly string[]
  readonly resources: readonly string[]
  /** Regions in which it counts; everywhere when left out. */
  readonly regions?: readonly string[]
  /** It counts for sessions issued earlier, as the policy by which an administrator revokes them (aws:TokenIssueTime). */
  readonly issuedBeforeMs?: EpochMs
}

export type Policy = readonly Statement[]

/** What is attached in one account; whoever has no policy may do everything. */
export interface AccountPolicies {
  readonly user?: Policy
  readonly role?: Policy
  readonly scp?: Policy
}

/** Policies of accounts, and what their roles ask who assumes them. */
export interface AccessControl {
  readonly policies: Map<string, AccountPolicies>
  /** The external id that an account's role asks for; undefined for none, absent for the usual one. */
  readonly externalIds: Map<string, string | undefined>
}

/** Everything allowed, and roles as they are by default. */
export function createAccess(): AccessControl {
  return { policies: new Map(), externalIds: new Map() }
}

/** What a call asks for. */
export interface Asked {
  readonly action: string
  readonly resource: string
  readonly region: string
  /** When the caller's session was issued; undefined for a user's key. */
  readonly issuedMs: EpochMs | undefined
}

/** Why a call is refused, in AWS's words; undefined when it is not. */
export type Refusal = string | undefined

function escapeText(text: string): string {
  return text.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
}

/** `*` and `?` of IAM. */
function isMatch(pattern: string, text: string, flags: string): boolean {
  const source = escapeText(pattern).replaceAll('*', '.*').replaceAll('?', '.')
  return new RegExp(`^${source}$`, flags).test(text)
}

function covers(statement: Statement, { action, resource, region, issuedMs }: Asked): boolean {
  const { actions, resources, regions, issuedBeforeMs } = statement
  return (
    (issuedBeforeMs === undefined || (issuedMs !== undefined && issuedMs < issuedBeforeMs)) &&
    actions.some((pattern) => isMatch(pattern, action, 'i')) &&
    resources.some((pattern) => isMatch(pattern, resource, '')) &&
    (regions === undefined || regions.includes(region))
  )
}

/** A deny counts before any allow; what nobody allows is refused. */
function evaluate(policy: Policy, asked: Asked, kind: string): Refusal {
  const covering = policy.filter((statement) => covers(statement, asked))
  const name = kind === 'identity-based' ? 'identity-based policy' : 'service control policy'
  const article = kind === 'identity-based' ? 'an' : 'a'
  if (covering.some(({ effect }) => effect === 'Deny')) return `with an explicit deny in ${article} ${name}`
  if (covering.length > 0) return undefined
  return `because no ${name} allows the ${asked.action} action`
}

/** Whether an identity may do what it asks for: a session of a role by the role's policy, everybody by the organization's. */
export function findRefusal({ user, role, scp }: AccountPolicies, arn: string, asked: Asked): Refusal {
  const own = arn.includes(':assumed-role/') ? role : user
  const byOrganization = scp === undefined ? undefined : evaluate(scp, asked, 'service control')
  return byOrganization ?? (own === undefined ? undefined : evaluate(own, asked, 'identity-based'))
}
