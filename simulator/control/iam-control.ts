import type { AccountPolicies, Policy, Statement } from '../aws/iam.ts'
import type { ControlCall } from './control-call.ts'
import { checkKeys, ControlError, type Input, textOf } from './input.ts'

function textsAt(input: Input, key: string): readonly string[] {
  const value = input[key]
  const texts: unknown[] = Array.isArray(value) ? value : [value]
  if (texts.every((text): text is string => typeof text === 'string')) return texts
  throw new ControlError(`${key} must be a text or a list of them, got ${JSON.stringify(value)}`)
}

function recordOf(value: unknown, what: string): Input {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new ControlError(`${what} must be an object, got ${JSON.stringify(value)}`)
}

/** The one condition that is evaluated; another one would silently not count. */
function regionsOf(condition: unknown): readonly string[] | undefined {
  if (condition === undefined) return undefined
  const operators = recordOf(condition, 'Condition')
  checkKeys(operators, ['StringEquals'])
  const keys = recordOf(operators['StringEquals'], 'StringEquals')
  checkKeys(keys, ['aws:RequestedRegion'])
  return textsAt(keys, 'aws:RequestedRegion')
}

function parseStatement(value: unknown): Statement {
  const input = recordOf(value, 'a statement')
  checkKeys(input, ['Sid', 'Effect', 'Action', 'Resource', 'Condition'])
  const { Effect: effect } = input
  if (effect !== 'Allow' && effect !== 'Deny') throw new ControlError('Effect must be Allow or Deny')
  const regions = regionsOf(input['Condition'])
  return {
    effect,
    actions: textsAt(input, 'Action'),
    resources: textsAt(input, 'Resource'),
    ...(regions === undefined ? {} : { regions }),
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
