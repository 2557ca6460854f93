import type { Access, AccessAction } from '../../core/script.ts'
import {
  arnIn,
  makeAssumePolicy,
  makeCollectPolicy,
  makeTrustPolicy,
  partitionOf,
  type PolicyDocument,
} from './policy-document.ts'

/** No set id asks every deployed script; a null partition takes the account's. */
export interface PolicyRequest {
  readonly setIds: readonly string[]
  readonly partition: string | null
}

/** The policies of one account that Startup scripts name. */
export interface PolicyReport {
  /** How the scripts name it. */
  readonly account: string
  readonly partition: string
  readonly roleArn: string | null
  /** For the role, or else for the user or role that the credentials belong to. */
  readonly policy: PolicyDocument
  /** Of the role; null without one, and where nobody knows who assumes it. */
  readonly trust: PolicyDocument | null
  /** For who assumes the role. */
  readonly assume: PolicyDocument | null
  /** What each action is for. */
  readonly gives: Readonly<Record<string, string>>
}

function givesOf(actions: readonly AccessAction[]): Readonly<Record<string, string>> {
  const sorted = actions.toSorted((left, right) => (left.action < right.action ? -1 : 1))
  return Object.fromEntries(sorted.map(({ action, gives }) => [action, gives]))
}

function reportOn(accesses: readonly [Access, ...Access[]], wanted: string | null): PolicyReport {
  const [first] = accesses
  const partition = wanted ?? partitionOf(first)
  const { roleArn, externalId } = first
  const principalArn = accesses.find((access) => access.principalArn !== undefined)?.principalArn
  const role = roleArn === undefined ? undefined : arnIn(roleArn, partition)
  return {
    account: first.title,
    partition,
    roleArn: role ?? null,
    policy: makeCollectPolicy(accesses, partition),
    trust:
      role === undefined || principalArn === undefined
        ? null
        : makeTrustPolicy(arnIn(principalArn, partition), externalId),
    assume: role === undefined ? null : makeAssumePolicy(role),
    gives: givesOf(accesses.flatMap(({ actions }) => actions)),
  }
}

/** One report for each account, whichever scripts name it; `partition` null takes that of the account. */
export function makePolicyReports(
  accesses: readonly Access[],
  partition: string | null,
): readonly PolicyReport[] {
  const byAccount = new Map<string, [Access, ...Access[]]>()
  for (const access of accesses) {
    const known = byAccount.get(access.title)
    if (known === undefined) byAccount.set(access.title, [access])
    else known.push(access)
  }
  return [...byAccount.values()].map((same) => reportOn(same, partition))
}
