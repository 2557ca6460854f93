import type { EpochMs, Json, RunContext } from 'guance-aws-lambda/dff'
import type { BillingRun } from './billing-run.ts'
import { addDays, type Day, type Days } from './day.ts'

/** What accounts are called, by their ids. */
export type Names = Readonly<Record<string, string>>

/** How far a list of accounts has come. */
export interface OpenList {
  readonly days: Days
  readonly startedMs: EpochMs
  /** Empty before the first page. */
  readonly token: string
  readonly found: Names
  /** Whom this question leaves out, because one before it, whose token is good no more, has found them. */
  readonly without: readonly string[]
}

/** Linked accounts that had costs lately, with their names, and when they were listed. */
export interface LinkedAccounts {
  readonly day?: Day
  /** An empty name where AWS told none. */
  readonly names: Names
  /** A list that is under way; those that it has found already are among the names. */
  readonly open?: OpenList
}

/** An account that is alone hardly ever becomes a payer; a payer gets accounts at any time. */
const LIST_ALONE_EVERY_DAYS = 7
/** Its checkpoint, beside those of the questions, and its place in their turns. */
export const LISTING_ID = 'accounts'

function keyOf(payerId: string): string {
  return `billing/${payerId}/accounts`
}

export async function loadLinkedAccounts(context: RunContext, payerId: string): Promise<LinkedAccounts> {
  // Written by accountsState alone.
  const stored = (await context.load(keyOf(payerId))) as unknown as LinkedAccounts | undefined
  return stored ?? { names: {} }
}

/** How many days lie between two lists of accounts. */
export function listedEveryDays({ names }: LinkedAccounts): number {
  return Object.keys(names).length > 1 ? 1 : LIST_ALONE_EVERY_DAYS
}

/** State of what is known of linked accounts. */
export function accountsState(payerId: string, known: LinkedAccounts): Readonly<Record<string, Json>> {
  // Plain data, but an interface has no index signature and so is no Json to the compiler.
  return { [keyOf(payerId)]: known as unknown as Json }
}

/** Whether it is time for a list of accounts, or one is under way. */
export function isListingDue(known: LinkedAccounts, today: Day): boolean {
  const { day, open } = known
  const isNew = day !== undefined && day <= addDays(today, 1) && addDays(day, listedEveryDays(known)) > today
  return open !== undefined || !isNew
}

/** Who is asked for, the own account first, and what the accounts are called. */
export interface ChosenAccounts {
  readonly ids: readonly string[]
  readonly names: ReadonlyMap<string, string>
}

function choose(
  ownId: string,
  choice: BillingRun['configs']['linked_accounts'],
  known: LinkedAccounts,
): ChosenAccounts {
  const names = new Map(Object.entries(known.names).filter(([, name]) => name !== ''))
  if (choice === 'own') return { ids: [ownId], names }
  if (Array.isArray(choice)) return { ids: choice, names }
  const others = Object.keys(known.names)
    .filter((id) => id !== ownId)
    .toSorted()
  return { ids: [ownId, ...others], names }
}

/** The accounts as they were listed last, from state alone. */
export async function loadChosenAccounts(
  context: RunContext,
  ownId: string,
  choice: BillingRun['configs']['linked_accounts'],
): Promise<ChosenAccounts> {
  return choose(ownId, choice, await loadLinkedAccounts(context, ownId))
}
