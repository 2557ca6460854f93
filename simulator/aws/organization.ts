import { type Call, type Operation, parseInput, takePage } from './call.ts'
import { AwsError } from './error.ts'
import { partitionOf } from './identity.ts'

/** An account of the organization. */
export interface MemberAccount {
  readonly id: string
  readonly name: string
  readonly state: 'ACTIVE' | 'SUSPENDED' | 'CLOSED' | 'PENDING_ACTIVATION'
  /** The unit or root that it is in. */
  readonly parentId: string
  readonly tags: Readonly<Record<string, string>>
}

/** What AWS Organizations knows: accounts in a tree of units below one root. */
export interface Tree {
  readonly accounts: readonly MemberAccount[]
  /** Parent by unit. */
  readonly units: ReadonlyMap<string, string>
  /** Who may ask: the management account, and those to whom it is delegated. */
  readonly askers: readonly string[]
}

/** The one organization that all accounts of a simulator are in; replaced as a whole. */
export interface OrganizationHolder {
  tree: Tree
}

export const ROOT_ID = 'r-root'

/** AWS's largest page. */
const MAX_PAGE_SIZE = 20

/** All accounts in the root, the first one at their head. */
export function createOrganization(accountIds: readonly string[]): OrganizationHolder {
  const accounts = accountIds.map((id, index): MemberAccount => ({
    id,
    name: `Account ${index + 1}`,
    state: 'ACTIVE',
    parentId: ROOT_ID,
    tags: {},
  }))
  return { tree: { accounts, units: new Map(), askers: accountIds.slice(0, 1) } }
}

/** AWS refuses everybody else in the same words, whatever their policies say. */
function treeFor({ simulation, caller }: Call): Tree {
  const { tree } = simulation.organization
  if (tree.askers.includes(caller.identity.accountId)) return tree
  throw new AwsError('denied', "You don't have permissions to access this resource.")
}

function pageOf<T>(call: Call, all: readonly T[], question: string): { items: readonly T[]; rest: object } {
  const { MaxResults = MAX_PAGE_SIZE, NextToken } = parseInput(call)
  if (typeof MaxResults !== 'number' || MaxResults < 1 || MaxResults > MAX_PAGE_SIZE) {
    throw new AwsError(
      'invalidInput',
      `You provided a value for MaxResults that is not from 1 to ${MAX_PAGE_SIZE}.`,
    )
  }
  const token = typeof NextToken === 'string' ? NextToken : undefined
  const { items, next } = takePage(all, token, { size: MaxResults, question, fault: call.fault })
  return { items, rest: next === undefined ? {} : { NextToken: next } }
}

function describeAccount(call: Call, { id, name, state }: MemberAccount): object {
  const { identity, region } = call.caller
  return {
    Id: id,
    Name: name,
    Arn: `arn:${partitionOf(region)}:organizations::${identity.accountId}:account/o-simulator1/${id}`,
    Email: `${id}@example.com`,
    State: state,
    Status: state === 'ACTIVE' ? 'ACTIVE' : 'SUSPENDED',
  }
}

function parentOf(call: Call, { units }: Tree): string {
  const { ParentId } = parseInput(call)
  if (typeof ParentId === 'string' && (ParentId === ROOT_ID || units.has(ParentId))) return ParentId
  throw new AwsError('parentNotFound', "You specified parent that doesn't exist.")
}

/** organizations:ListAccounts. */
export const listAccounts: Operation = (call) => {
  const { items, rest } = pageOf(call, treeFor(call).accounts, 'accounts')
  return { Accounts: items.map((account) => describeAccount(call, account)), ...rest }
}

/** organizations:ListAccountsForParent. */
export const listAccountsForParent: Operation = (call) => {
  const tree = treeFor(call)
  const parentId = parentOf(call, tree)
  const inside = tree.accounts.filter((account) => account.parentId === parentId)
  const { items, rest } = pageOf(call, inside, `accounts ${parentId}`)
  return { Accounts: items.map((account) => describeAccount(call, account)), ...rest }
}

/** organizations:ListOrganizationalUnitsForParent. */
export const listOrganizationalUnitsForParent: Operation = (call) => {
  const tree = treeFor(call)
  const parentId = parentOf(call, tree)
  const inside = [...tree.units].flatMap(([unit, parent]) => (parent === parentId ? [unit] : []))
  const { items, rest } = pageOf(call, inside, `units ${parentId}`)
  return { OrganizationalUnits: items.map((Id) => ({ Id, Name: `Unit ${Id}` })), ...rest }
}

/** organizations:ListTagsForResource, of accounts alone. */
export const listTagsForResource: Operation = (call) => {
  const { ResourceId } = parseInput(call)
  const account = treeFor(call).accounts.find(({ id }) => id === ResourceId)
  if (account === undefined)
    throw new AwsError('targetNotFound', "You specified a target that doesn't exist.")
  const { items, rest } = pageOf(call, Object.entries(account.tags), `tags ${account.id}`)
  return { Tags: items.map(([Key, Value]) => ({ Key, Value })), ...rest }
}
