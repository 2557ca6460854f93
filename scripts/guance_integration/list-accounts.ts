import type { Organization } from 'guance-aws-lambda/dff'
import { type AccountFacts, isChosen, type ListedAccount, needsTags, unitsOf } from './account-choice.ts'
import type { AwsAccount } from './aws-account.ts'
import { AwsFailure } from './aws-error.ts'
import type { AwsRegion } from './aws-region.ts'
import { mapConcurrently } from './concurrency.ts'
import { homeRegion } from './home-region.ts'
import { readList, readText, readToken } from './reply.ts'

/** 20 accounts a page: more than AWS lets an organization have. */
const MAX_PAGES = 5_000

/** Organizations throttles the whole organization, and its console draws on the same quota. */
const AT_ONCE = 2

interface Page<T> {
  readonly list: readonly T[]
  readonly token: string | undefined
}

/** All pages of one question: none, when any of them fails. Throws AwsFailure. */
async function listPages<T>(
  region: AwsRegion,
  action: string,
  fetchPage: (token: string | undefined, abortSignal: AbortSignal) => Promise<Page<T>>,
): Promise<readonly T[]> {
  const all: T[] = []
  let token: string | undefined
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const given = token
    // One page after the other: each one names the next.
    const reply = await region.call(action, async (abortSignal) => fetchPage(given, abortSignal))
    all.push(...reply.list)
    token = reply.token
    if (token === undefined) return all
  }
  throw new AwsFailure('transient', action, new Error(`no last page among ${MAX_PAGES}`))
}

/** `NextToken` where there is one: the SDK refuses undefined under exact types. */
function from(token: string | undefined): { readonly NextToken?: string } {
  return token === undefined ? {} : { NextToken: token }
}

interface RepliedAccount {
  readonly Id?: string
  readonly Name?: string
  /** The newer word for Status; a reply may have either. */
  readonly State?: string
  readonly Status?: string
}

/** Who is suspended, closing or not yet there has no role to assume. */
function toListed({ Id, Name, State, Status }: RepliedAccount): readonly ListedAccount[] {
  const id = readText(Id)
  const isActive = (readText(State) ?? readText(Status)) === 'ACTIVE'
  return id === undefined || !isActive ? [] : [{ id, name: readText(Name) ?? id }]
}

const TEXTS: (keyof RepliedAccount)[] = ['Id', 'Name', 'State', 'Status']

export const LIST_ACCOUNTS = 'organizations:ListAccounts'

async function listActive(region: AwsRegion): Promise<readonly ListedAccount[]> {
  const { ListAccountsCommand } = await import('@aws-sdk/client-organizations')
  const client = await region.organizations()
  const replied = await listPages<RepliedAccount>(region, LIST_ACCOUNTS, async (given, abortSignal) => {
    const { Accounts, NextToken } = await client.send(new ListAccountsCommand(from(given)), { abortSignal })
    return { list: readList<RepliedAccount>(Accounts, 'accounts', TEXTS), token: readToken(NextToken, given) }
  })
  return replied.flatMap(toListed)
}

export const LIST_CHILD_ACCOUNTS = 'organizations:ListAccountsForParent'
export const LIST_CHILD_UNITS = 'organizations:ListOrganizationalUnitsForParent'

/** Ids of the accounts directly in a unit, whatever their state. */
async function listIn(region: AwsRegion, ParentId: string): Promise<readonly string[]> {
  const { ListAccountsForParentCommand } = await import('@aws-sdk/client-organizations')
  const client = await region.organizations()
  const replied = await listPages<RepliedAccount>(region, LIST_CHILD_ACCOUNTS, async (given, abortSignal) => {
    const command = new ListAccountsForParentCommand({ ParentId, ...from(given) })
    const { Accounts, NextToken } = await client.send(command, { abortSignal })
    return { list: readList<RepliedAccount>(Accounts, 'accounts', TEXTS), token: readToken(NextToken, given) }
  })
  return replied.flatMap(({ Id }) => readText(Id) ?? [])
}

async function listUnitsIn(region: AwsRegion, ParentId: string): Promise<readonly string[]> {
  const { ListOrganizationalUnitsForParentCommand } = await import('@aws-sdk/client-organizations')
  const client = await region.organizations()
  const units = await listPages<{ readonly Id?: string }>(
    region,
    LIST_CHILD_UNITS,
    async (given, abortSignal) => {
      const command = new ListOrganizationalUnitsForParentCommand({ ParentId, ...from(given) })
      const { OrganizationalUnits, NextToken } = await client.send(command, { abortSignal })
      const list = readList<{ readonly Id?: string }>(OrganizationalUnits, 'units', ['Id'])
      return { list, token: readToken(NextToken, given) }
    },
  )
  return units.flatMap(({ Id }) => readText(Id) ?? [])
}

/** Ids of all accounts of a unit and of the units below it. */
async function listBelow(region: AwsRegion, unit: string): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  const seen = new Set([unit])
  // A set grows while it is gone through: units below come behind those above.
  for (const parent of seen) {
    for (const id of await listIn(region, parent)) found.add(id)
    for (const below of await listUnitsIn(region, parent)) seen.add(below)
  }
  return found
}

export const LIST_TAGS = 'organizations:ListTagsForResource'

interface RepliedTag {
  readonly Key?: string
  readonly Value?: string
}

async function listTags(region: AwsRegion, ResourceId: string): Promise<Readonly<Record<string, string>>> {
  const { ListTagsForResourceCommand } = await import('@aws-sdk/client-organizations')
  const client = await region.organizations()
  const tags = await listPages<RepliedTag>(region, LIST_TAGS, async (given, abortSignal) => {
    const command = new ListTagsForResourceCommand({ ResourceId, ...from(given) })
    const { Tags, NextToken } = await client.send(command, { abortSignal })
    return { list: readList<RepliedTag>(Tags, 'tags', ['Key', 'Value']), token: readToken(NextToken, given) }
  })
  return Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value]))
}

async function learnFacts(
  region: AwsRegion,
  organization: Organization,
  accounts: readonly ListedAccount[],
): Promise<AccountFacts> {
  const units = await mapConcurrently(
    unitsOf(organization),
    AT_ONCE,
    async (unit) => [unit, await listBelow(region, unit)] as const,
  )
  const tags = await mapConcurrently(
    needsTags(organization) ? accounts : [],
    AT_ONCE,
    async ({ id }) => [id, await listTags(region, id)] as const,
  )
  return { units: new Map(units), tags: new Map(tags) }
}

/** Accounts of an organization: those that are chosen, and how many there are that are active. */
export interface AccountListing {
  readonly active: number
  readonly chosen: readonly ListedAccount[]
}

/** Asks AWS Organizations, all of it or nothing. Throws AwsFailure. */
export async function listAccounts(account: AwsAccount, organization: Organization): Promise<AccountListing> {
  const region = homeRegion(account)
  const active = await listActive(region)
  const facts = await learnFacts(region, organization, active)
  const chosen = active.filter((one) => isChosen(organization, one, facts))
  return { active: active.length, chosen: chosen.toSorted((left, right) => (left.id < right.id ? -1 : 1)) }
}
