import { REGIONS } from '../../core/regions.generated.ts'
import type { Access, AccessAction } from '../../core/script.ts'

/** One statement of a policy, in the words of IAM. */
export interface Statement {
  readonly Sid: string
  readonly Effect: 'Allow'
  readonly Action: readonly string[]
  readonly Resource?: string | readonly string[]
  readonly Principal?: { readonly AWS: string }
  readonly Condition?: { readonly StringEquals: Readonly<Record<string, string | readonly string[]>> }
}

/** A policy as IAM takes it. */
export interface PolicyDocument {
  readonly Version: '2012-10-17'
  readonly Statement: readonly Statement[]
}

/** The partition of an account: that of its role, else of its regions, which never mix. */
export function partitionOf({ roleArn, regions }: Access): string {
  return roleArn?.split(':')[1] ?? REGIONS[regions[0] ?? '']?.partition ?? 'aws'
}

function documentOf(statements: readonly Statement[]): PolicyDocument {
  return { Version: '2012-10-17', Statement: statements }
}

const SID_ENDS: Readonly<Record<AccessAction['on'], string>> = {
  account: '',
  function: 'Functions',
  'log-group': 'LogGroups',
}

function sidOf({ isOptional, on }: AccessAction): string {
  return `${isOptional ? 'Detail' : 'Collect'}${SID_ENDS[on]}`
}

/** The ARN with the partition that is asked for. */
export function arnIn(arn: string, partition: string): string {
  return arn.replace(/^arn:[^:]+:/, `arn:${partition}:`)
}

/** Whose account is not known, or matters not. */
const ANY_ACCOUNT = '*'

function resourceOf(
  { on, sharedArns }: Pick<Grouped, 'on' | 'sharedArns'>,
  partition: string,
  accountId: string,
): string | readonly string[] {
  if (on === 'account') return '*'
  const own =
    on === 'function'
      ? `arn:${partition}:lambda:*:${accountId}:function:*`
      : `arn:${partition}:logs:*:${accountId}:log-group:*`
  if (sharedArns.size === 0 || accountId === ANY_ACCOUNT) return own
  return [own, ...[...sharedArns].map((arn) => arnIn(arn, partition)).toSorted()]
}

interface Grouped {
  readonly on: AccessAction['on']
  readonly sid: string
  readonly regions: readonly string[]
  readonly actions: Set<string>
  readonly sharedArns: Set<string>
}

/** Actions that one statement can allow: for the same resources in the same regions. */
function groupActions(accesses: readonly Access[]): readonly Grouped[] {
  const groups = new Map<string, Grouped>()
  for (const { regions, actions } of accesses) {
    const sorted = [...regions].toSorted()
    for (const action of actions) {
      const sid = sidOf(action)
      const key = JSON.stringify([sid, sorted])
      const empty = {
        on: action.on,
        sid,
        regions: sorted,
        actions: new Set<string>(),
        sharedArns: new Set<string>(),
      }
      const group = groups.get(key) ?? empty
      groups.set(key, group)
      group.actions.add(action.action)
      for (const arn of action.sharedArns ?? []) group.sharedArns.add(arn)
    }
  }
  return [...groups.values()]
}

/** What the identity of an account must be allowed: no more than the configured regions, and functions of the account where IAM can tell. */
export function makeCollectPolicy(accesses: readonly Access[], partition: string): PolicyDocument {
  const accountId = accesses.find((access) => access.accountId !== undefined)?.accountId ?? ANY_ACCOUNT
  const counts = new Map<string, number>()
  return documentOf(
    groupActions(accesses).map(({ on, sid, regions, actions, sharedArns }) => {
      const count = (counts.get(sid) ?? 0) + 1
      counts.set(sid, count)
      return {
        Sid: count === 1 ? sid : `${sid}${count}`,
        Effect: 'Allow',
        Action: [...actions].toSorted(),
        Resource: resourceOf({ on, sharedArns }, partition, accountId),
        ...(regions.length === 0 ? {} : { Condition: { StringEquals: { 'aws:RequestedRegion': regions } } }),
      }
    }),
  )
}

/** What who assumes the role must be allowed. */
export function makeAssumePolicy(roleArn: string): PolicyDocument {
  return documentOf([{ Sid: 'AssumeRole', Effect: 'Allow', Action: ['sts:AssumeRole'], Resource: roleArn }])
}

/** Who may assume the role, and by which external id. */
export function makeTrustPolicy(principalArn: string, externalId: string | undefined): PolicyDocument {
  const condition =
    externalId === undefined ? {} : { Condition: { StringEquals: { 'sts:ExternalId': externalId } } }
  return documentOf([
    {
      Sid: 'TrustCollector',
      Effect: 'Allow',
      Action: ['sts:AssumeRole'],
      Principal: { AWS: principalArn },
      ...condition,
    },
  ])
}
