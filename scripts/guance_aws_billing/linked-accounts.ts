import type { Json, RunContext } from 'guance-aws-lambda/dff'
import { AwsFailure } from 'guance-aws-lambda/sets/guance_integration'
import { askCosts, type BillingRun, reportSpent } from './billing-run.ts'
import { readCostPage } from './cost-page.ts'
import { addDays, type Day } from './day.ts'
import { isWaiting, keepFailure, reportWaiting } from './failure.ts'
import { placeOf } from './place.ts'
import { endListing, loadReading, type Reading, readingState } from './reading.ts'

/** Linked accounts that had costs lately, with their names, and when they were listed. */
export interface LinkedAccounts {
  readonly day?: Day
  /** An empty name where AWS told none. */
  readonly names: Readonly<Record<string, string>>
}

/** An account that is alone hardly ever becomes a payer; a payer gets accounts at any time. */
const LIST_ALONE_EVERY_DAYS = 7
/** A month and some days: who is gone for longer has no costs that still change. */
const LISTED_DAYS = 35

/** Its checkpoint, beside those of the questions, and its place in their turns. */
export const LISTING_ID = 'accounts'

function keyOf(payerId: string): string {
  return `billing/${payerId}/accounts`
}

export async function loadLinkedAccounts(context: RunContext, payerId: string): Promise<LinkedAccounts> {
  // Written by keepListing alone.
  const stored = (await context.load(keyOf(payerId))) as unknown as LinkedAccounts | undefined
  return stored ?? { names: {} }
}

/** How many days lie between two lists of accounts. */
export function listedEveryDays({ names }: LinkedAccounts): number {
  return Object.keys(names).length > 1 ? 1 : LIST_ALONE_EVERY_DAYS
}

function isListingDue(known: LinkedAccounts, today: Day): boolean {
  const { day } = known
  return day === undefined || day > addDays(today, 1) || addDays(day, listedEveryDays(known)) <= today
}

async function fetchAccounts(run: BillingRun): Promise<LinkedAccounts | undefined> {
  const { cost, today } = run
  const names: Record<string, string> = {}
  let token: string | undefined
  do {
    const given = token
    const input = {
      TimePeriod: { Start: addDays(today, -LISTED_DAYS), End: today },
      Granularity: 'MONTHLY' as const,
      Metrics: [cost],
      GroupBy: [{ Type: 'DIMENSION' as const, Key: 'LINKED_ACCOUNT' }],
      ...(given === undefined ? {} : { NextPageToken: given }),
    }
    // One page after the other: each one is paid for.
    const page = await askCosts(run, { id: LISTING_ID, input }, (reply) => readCostPage(reply, cost, given))
    if (page === undefined) return undefined
    for (const { keys } of page.rows) {
      const [id = ''] = keys
      if (/^\d{12}$/.test(id)) names[id] = page.descriptions.get(id) ?? names[id] ?? ''
    }
    token = page.next
  } while (token !== undefined)
  return { day: today, names }
}

async function keepListing(run: BillingRun, found: LinkedAccounts, before: Reading): Promise<void> {
  const { context, account, today } = run
  const { accountId } = account
  await context.commit({
    points: [],
    state: {
      [keyOf(accountId)]: found as unknown as Json,
      ...readingState(placeOf(context, accountId, LISTING_ID), endListing(before, today)),
    },
  })
}

/** Lists the linked accounts when it is time and all are wanted. A failure leaves those known before. */
export async function renewAccounts(run: BillingRun): Promise<void> {
  const { context, account, today, configs } = run
  const { accountId } = account
  if ((configs.linked_accounts ?? 'all') !== 'all') return
  if (!isListingDue(await loadLinkedAccounts(context, accountId), today)) return
  const reading = await loadReading(context, accountId, LISTING_ID)
  const scope = `${accountId}/${LISTING_ID}`
  if (isWaiting(reading, run.nowMs)) {
    reportWaiting(context, scope, reading)
    return
  }
  try {
    const found = await fetchAccounts(run)
    if (found === undefined) {
      reportSpent(run, scope)
      return
    }
    await keepListing(run, found, reading)
    context.log(`${scope}: ${Object.keys(found.names).length} linked accounts with costs`)
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error
    await keepFailure(run, { place: placeOf(context, accountId, LISTING_ID), scope, reading }, error)
  }
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
