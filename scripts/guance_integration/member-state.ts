import { hash } from 'node:crypto'
import type { Account, EpochMs, Json, Organization, RunContext } from 'guance-aws-lambda/dff'
import type { ListedAccount } from './account-choice.ts'

/** The accounts of an organization as they were last listed. */
export interface MemberListing {
  readonly listedAtMs: EpochMs
  /** Which credentials listed them: the account itself is collected with these. */
  readonly accountId: string
  readonly partition: string
  readonly active: number
  readonly members: readonly ListedAccount[]
}

/** About 80 bytes each, so that one state value stays well below 1 MB. */
const MEMBERS_PER_CHUNK = 5_000

interface Header extends Omit<MemberListing, 'members'> {
  readonly chunks: number
}

/** Another choice is another list. */
export function memberKey(account: Account, { include, exclude }: Organization): string {
  const whose = [account.assume_role_arn, account.ak_id, include, exclude]
  return `organization/${hash('sha256', JSON.stringify(whose)).slice(0, 16)}`
}

/** The last complete listing; undefined before the first. */
export async function loadMembers(context: RunContext, key: string): Promise<MemberListing | undefined> {
  // Both written by memberState alone.
  const header = (await context.load(key)) as unknown as Header | undefined
  if (header === undefined) return undefined
  const { chunks, ...listing } = header
  const loaded = await Promise.all(
    Array.from({ length: chunks }, async (_, index) => context.load(`${key}/${index}`)),
  )
  const pairs = loaded.flatMap((chunk) => (chunk ?? []) as unknown as readonly [id: string, name: string][])
  return { ...listing, members: pairs.map(([id, name]) => ({ id, name })) }
}

/** State that replaces the listing as a whole. */
export async function memberState(
  context: RunContext,
  key: string,
  { members, ...listing }: MemberListing,
): Promise<Readonly<Record<string, Json>>> {
  const before = (await context.load(key)) as unknown as Header | undefined
  const chunks = Math.ceil(members.length / MEMBERS_PER_CHUNK)
  const header: Header = { ...listing, chunks }
  const state: Record<string, Json> = { [key]: header as unknown as Json }
  for (let index = 0; index < Math.max(chunks, before?.chunks ?? 0); index += 1) {
    const part = members.slice(index * MEMBERS_PER_CHUNK, (index + 1) * MEMBERS_PER_CHUNK)
    state[`${key}/${index}`] = index < chunks ? part.map(({ id, name }) => [id, name]) : null
  }
  return state
}
