import { createOrganization, type MemberAccount, ROOT_ID } from '../aws/organization.ts'
import type { ControlCall } from './control-call.ts'
import { checkKeys, ControlError, type Input, recordOf, required, textOf, textsOf, wordOf } from './input.ts'

const STATES = ['ACTIVE', 'SUSPENDED', 'CLOSED', 'PENDING_ACTIVATION'] as const

function textRecordOf(input: Input, key: string): Readonly<Record<string, string>> {
  const record = recordOf(input[key] ?? {}, key)
  return Object.fromEntries(Object.keys(record).map((name) => [name, textOf(record, name) ?? '']))
}

function parseAccount(value: unknown): MemberAccount {
  const input = recordOf(value, 'an account')
  checkKeys(input, ['id', 'name', 'state', 'parentId', 'tags'])
  const id = required(textOf(input, 'id'), 'id')
  return {
    id,
    name: textOf(input, 'name') ?? `Account ${id}`,
    state: input['state'] === undefined ? 'ACTIVE' : wordOf(input, 'state', STATES),
    parentId: textOf(input, 'parentId') ?? ROOT_ID,
    tags: textRecordOf(input, 'tags'),
  }
}

/**
 * `{"accounts"?, "units"?, "askers"?}` replaces the organization: its accounts, the parent of each unit, and the accounts
 * that may ask. What is left out is as at the start.
 */
export function setOrganization({ simulation, input }: ControlCall): object {
  checkKeys(input, ['accounts', 'units', 'askers'])
  const { tree } = createOrganization(simulation.options.accountIds)
  const accounts: unknown = input['accounts']
  if (accounts !== undefined && !Array.isArray(accounts)) throw new ControlError('accounts must be a list')
  simulation.organization.tree = {
    accounts: accounts?.map(parseAccount) ?? tree.accounts,
    units: new Map(Object.entries(textRecordOf(input, 'units'))),
    askers: textsOf(input, 'askers') ?? tree.askers,
  }
  return { accounts: simulation.organization.tree.accounts }
}

/** `{"accountId", "linked"}`: the accounts whose metrics a monitoring account sees; an empty list for none. */
export function setLinks({ simulation, input }: ControlCall): object {
  checkKeys(input, ['accountId', 'linked'])
  const accountId = required(textOf(input, 'accountId'), 'accountId')
  simulation.links.set(accountId, required(textsOf(input, 'linked'), 'linked'))
  return { links: Object.fromEntries(simulation.links) }
}
