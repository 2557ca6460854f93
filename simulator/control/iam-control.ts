import type { EpochMs } from '../../core/time.ts'
import type { AccountPolicies, Policy, Statement } from '../aws/iam.ts'
import type { ControlCall } from './control-call.ts'
import { checkKeys, ControlError, type Input, recordOf, textOf } from './input.ts'

function textsAt(input: Input, key: string): readonly string[] {
  const value = input[key]
  const texts: unknown[] = Array.isArray(value) ? value : [value]
  if (texts.every((text): text is string => typeof text === 'string')) return texts
  throw new ControlError(`${key} must be a text or a list of them, got ${JSON.stringify(value)}`)
}

function timeAt(input: Input, key: string): EpochMs {
  const value = input[key]
  const timeMs = typeof value === 'string' ? Date.parse(value) : Number.NaN
  if (Number.isFinite(timeMs)) return timeMs
  throw new ControlError(`${key} must be a time, got ${JSON.stringify(value)}`)
}

/** The two conditions that are evaluated; another one would silently not count. */
function conditionsOf(condition: unknown): Pick<Statement, 'regions' | 'issuedBeforeMs'> {
  const operators = recordOf(condition ?? {}, 'Condition')
  checkKeys(operators, ['StringEquals', 'DateLessThan'])
  const equals = recordOf(operators['StringEquals'] ?? {}, 'StringEquals')
  checkKeys(equals, ['aws:RequestedRegion'])
  const before = recordOf(operators['DateLessThan'] ?? {}, 'DateLessThan')
  checkKeys(before, ['aws:TokenIssueTime'])
  return {
    ...(Object.hasOwn(equals, 'aws:RequestedRegion')
      ? { regions: textsAt(equals, 'aws:RequestedRegion') }
      : {}),
    ...(Object.hasOwn(before, 'aws:TokenIssueTime')
      ? { issuedBeforeMs: timeAt(before, 'aws:TokenIssueTime') }
      : {}),
  }
}

function parseStatement(value: unknown): Statement {
  const input = recordOf(value, 'a statement')
  checkKeys(input, ['Sid', 'Effect', 'Action', 'Resource', 'Condition'])
  const { Effect: effect } = input
  if (effect !== 'Allow' && effect !== 'Deny') throw new ControlError('Effect must be Allow or Deny')
  return {
    effect,
    actions: textsAt(input, 'Action'),
    resources: textsAt(input, 'Resource'),
    ...conditionsOf(input['Condition']),
  }
}

function parsePolicy(value: unknown): Policy {
  const document = recordOf(value, 'a policy')
  checkKeys(document, ['Version', 'Statement'])
  const statements: unknown = document['Statement']
  if (!Array.isArray(statements)) throw new ControlError('Statement must be a list')
  return statements.map(parseStatement)
}

/**
 * `{"accountId"?, "user"?, "role"?, "scp"?, "externalId"?}`: IAM policies of the account's user and role, and of its
 * organization; the external id that the role asks for, null for none. What is left out is as by default: everything allowed.
 */
export function setIam({ simulation, input }: ControlCall): object {
  checkKeys(input, ['accountId', 'user', 'role', 'scp', 'externalId'])
  const accountId = textOf(input, 'accountId') ?? simulation.options.accountIds[0] ?? ''
  const policies: AccountPolicies = {
    ...(input['user'] === undefined ? {} : { user: parsePolicy(input['user']) }),
    ...(input['role'] === undefined ? {} : { role: parsePolicy(input['role']) }),
    ...(input['scp'] === undefined ? {} : { scp: parsePolicy(input['scp']) }),
  }
  simulation.access.policies.set(accountId, policies)
  if (input['externalId'] === null) simulation.access.externalIds.set(accountId, undefined)
  else {
    const externalId = textOf(input, 'externalId')
    if (externalId === undefined) simulation.access.externalIds.delete(accountId)
    else simulation.access.externalIds.set(accountId, externalId)
  }
  return { policies }
}
