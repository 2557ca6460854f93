import type { GetCostAndUsageCommandInput } from '@aws-sdk/client-cost-explorer'
import { AwsFailure } from 'guance-aws-lambda/sets/guance_integration'
import { askCosts, type BillingRun, reportSpent } from './billing-run.ts'
import { type CostPage, readCostPage } from './cost-page.ts'
import { addDays } from './day.ts'
import { isTokenLost, isWaiting, keepFailure, reportWaiting } from './failure.ts'
import {
  accountsState,
  isListingDue,
  type LinkedAccounts,
  LISTING_ID,
  loadLinkedAccounts,
  type OpenList,
} from './linked-accounts.ts'
import { placeOf } from './place.ts'
import { endListing, isTokenOld, loadReading, OPEN_DAYS, type Reading, readingState } from './reading.ts'

const ACCOUNT_KEY = { Type: 'DIMENSION', Key: 'LINKED_ACCOUNT' } as const

/** The list to go on with, or a new one. As far back as costs may still be corrected: who has left the organization has them too. */
function beginList({ open }: LinkedAccounts, { today, nowMs }: BillingRun): OpenList {
  if (open !== undefined && open.token !== '' && !isTokenOld(open, nowMs)) return open
  const found = open?.found ?? {}
  const days = { from: addDays(today, -OPEN_DAYS), to: today }
  return { days, startedMs: nowMs, token: '', found, without: Object.keys(found) }
}

function listInput({ cost }: BillingRun, { days, token, without }: OpenList): GetCostAndUsageCommandInput {
  return {
    TimePeriod: { Start: days.from, End: days.to },
    Granularity: 'MONTHLY',
    Metrics: [cost],
    GroupBy: [ACCOUNT_KEY],
    ...(without.length === 0
      ? {}
      : { Filter: { Not: { Dimensions: { Key: 'LINKED_ACCOUNT', Values: [...without] } } } }),
    ...(token === '' ? {} : { NextPageToken: token }),
  }
}

function findNames(found: OpenList['found'], page: CostPage): Record<string, string> {
  const names: Record<string, string> = { ...found }
  for (const { keys } of page.rows) {
    const [id = ''] = keys
    if (/^\d{12}$/.test(id)) names[id] = page.descriptions.get(id) ?? names[id] ?? ''
  }
  return names
}

/** Who is known after a page: whoever is found is asked for at once, and who is gone is left out when the list is whole. */
function noteAccounts(
  { day, names }: LinkedAccounts,
  { open, page, today }: { readonly open: OpenList; readonly page: CostPage; readonly today: string },
): LinkedAccounts {
  const found = findNames(open.found, page)
  if (page.next === undefined) return { day: today, names: found }
  return {
    ...(day === undefined ? {} : { day }),
    names: { ...names, ...found },
    open: { ...open, token: page.next, found },
  }
}

/** One page, paid for and committed with how far the list has come; undefined when no money is left. Throws AwsFailure. */
async function listPage(
  run: BillingRun,
  { known, reading }: { readonly known: LinkedAccounts; readonly reading: Reading },
): Promise<LinkedAccounts | undefined> {
  const { context, account, cost, today } = run
  const open = beginList(known, run)
  const token = open.token === '' ? undefined : open.token
  const page = await askCosts(run, { id: LISTING_ID, input: listInput(run, open) }, (reply) =>
    readCostPage(reply, cost, token),
  )
  if (page === undefined) return undefined
  const next = noteAccounts(known, { open, page, today })
  const place = placeOf(context, account.accountId, LISTING_ID)
  const ended = next.open === undefined ? readingState(place, endListing(reading, today)) : {}
  await context.commit({ points: [], state: { ...accountsState(account.accountId, next), ...ended } })
  return next
}

/** Every page of the list; undefined when the money ends before the last. Throws AwsFailure. */
async function listAccounts(
  run: BillingRun,
  before: LinkedAccounts,
  reading: Reading,
): Promise<LinkedAccounts | undefined> {
  let known: LinkedAccounts | undefined = before
  do {
    // One page after the other: each one is paid for, and kept before the next is.
    known = await listPage(run, { known, reading })
  } while (known?.open !== undefined)
  return known
}

/** Notes that the token of the list is good no more: the next attempt asks who else there is. */
async function forgetToken({ context, account }: BillingRun): Promise<void> {
  const known = await loadLinkedAccounts(context, account.accountId)
  if (known.open === undefined) return
  const open = { ...known.open, token: '' }
  await context.commit({ points: [], state: accountsState(account.accountId, { ...known, open }) })
}

/** Lists the linked accounts when it is time and all are wanted. A failure leaves those known before. */
export async function renewAccounts(run: BillingRun): Promise<void> {
  const { context, account, today, configs } = run
  const { accountId } = account
  if ((configs.linked_accounts ?? 'all') !== 'all') return
  const known = await loadLinkedAccounts(context, accountId)
  if (!isListingDue(known, today)) return
  const reading = await loadReading(context, accountId, LISTING_ID)
  const scope = `${accountId}/${LISTING_ID}`
  if (isWaiting(reading, run.nowMs)) {
    reportWaiting(context, scope, reading)
    return
  }
  try {
    const listed = await listAccounts(run, known, reading)
    if (listed === undefined) {
      reportSpent(run, scope)
      return
    }
    context.log(`${scope}: ${Object.keys(listed.names).length} linked accounts with costs`)
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error
    if (isTokenLost(error)) await forgetToken(run)
    await keepFailure(run, { place: placeOf(context, accountId, LISTING_ID), scope, reading }, error)
  }
}
