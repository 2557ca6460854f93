import { HOUR_MS, type Point } from 'guance-aws-lambda/dff'
import { AwsFailure, makeProblem, type RegionResult } from 'guance-aws-lambda/sets/guance_integration'
import { askCosts, type BillingRun } from './billing-run.ts'
import { type Book, bookState, type Change, loadBooks, noteGone, noteRows } from './book.ts'
import { type CostPage, costInput, readCostPage } from './cost-page.ts'
import { type Labels, makeCostLine, makeCostPoint } from './cost-point.ts'
import type { CostQuery } from './cost-query.ts'
import { addDays, type Day, dayOf, type Days, earlier, isWithin, later } from './day.ts'
import { isTokenLost, isWaiting, noteFailure, reportWaiting } from './failure.ts'
import {
  daysToRead,
  endReading,
  isDue,
  loadReading,
  type OpenReading,
  type Reading,
  readingState,
} from './reading.ts'

/** Nobody says how long AWS keeps a token, and after a refresh its next page is of other costs. */
const TOKEN_MS = HOUR_MS
/** Older books no reading goes back to: the oldest estimate that is read again is 62 days old. */
const BOOK_DAYS = 70
/** As many of them are dropped at a time, so that none stays after days without a run. */
const DROPPED_DAYS = 14

const DEFAULT_REREAD_DAYS = 3
const DEFAULT_LOOKBACK_DAYS = 14

/** One question under way. */
interface Asking {
  readonly run: BillingRun
  readonly query: CostQuery
  readonly labels: Labels
}

function daysOf({ run }: Asking, reading: Reading): Days | undefined {
  const { context, today, configs } = run
  const { backfill, triggerTimeMs, sink } = context
  const {
    reread_days: rereadDays = DEFAULT_REREAD_DAYS,
    lookback_days: lookbackDays = DEFAULT_LOOKBACK_DAYS,
  } = configs
  const wanted =
    backfill === undefined
      ? daysToRead(reading, today, { rereadDays, lookbackDays })
      : { from: dayOf(backfill.startMs), to: earlier(today, addDays(dayOf(backfill.endMs - 1), 1)) }
  const { retentionHours } = sink
  if (retentionHours === undefined) return wanted.from < wanted.to ? wanted : undefined
  // What the store takes no more would be paid for and lost.
  const kept = addDays(dayOf(triggerTimeMs - retentionHours * HOUR_MS), 1)
  const from = later(wanted.from, kept)
  return from < wanted.to ? { from, to: wanted.to } : undefined
}

/** The reading to go on with, or a new one; undefined when there is no day to ask for. */
function beginReading(asking: Asking, reading: Reading): { reading: Reading; open: OpenReading | undefined } {
  const { triggerTimeMs: nowMs, backfill } = asking.run.context
  const days = daysOf(asking, reading)
  if (days === undefined) return { reading, open: undefined }
  const { open } = reading
  const isFresh =
    open !== undefined &&
    open.days.from === days.from &&
    open.days.to === days.to &&
    nowMs >= open.startedMs &&
    nowMs - open.startedMs < TOKEN_MS
  if (isFresh) return { reading, open }
  const isBackfill = backfill === undefined ? {} : { isBackfill: true as const }
  const fresh = { days, token: '', startedMs: nowMs, pages: 0, seen: {}, ...isBackfill }
  return { reading: { ...reading, number: reading.number + 1 }, open: fresh }
}

/** What one page changes: its lines, and the books with them. */
async function notePage({ run, query }: Asking, page: CostPage, reading: Reading) {
  const place = { accountId: run.account.accountId, queryId: query.id }
  const byDay = Map.groupBy(page.rows, ({ day }) => day)
  const books = await loadBooks(run.context, place, byDay.keys())
  const changes: Change[] = []
  for (const [day, rows] of byDay) {
    const noted = noteRows(books.get(day) ?? {}, rows, reading.number)
    books.set(day, noted.book)
    changes.push(...noted.changes)
  }
  return { books, changes }
}

/** After the last page: what is gone, over all days of the reading that AWS answered for, and books that nobody needs any more. */
async function noteEnd(
  { run, query }: Asking,
  { open, reading, books }: { open: OpenReading; reading: Reading; books: ReadonlyMap<Day, Book> },
) {
  const place = { accountId: run.account.accountId, queryId: query.id }
  const days = Object.keys(open.seen).filter((day) => isWithin(day, open.days))
  const all = new Map<Day, Book | undefined>([...(await loadBooks(run.context, place, days)), ...books])
  const changes: Change[] = []
  for (const day of days) {
    const noted = noteGone(day, all.get(day) ?? {}, reading.number)
    all.set(day, noted.book)
    changes.push(...noted.changes)
  }
  const oldest = addDays(run.today, -BOOK_DAYS)
  for (let back = 0; back < DROPPED_DAYS; back += 1) {
    const day = addDays(oldest, -back)
    if (!all.has(day)) all.set(day, undefined)
  }
  return { books: all, changes }
}

function pointsOf({ query, labels }: Asking, changes: readonly Change[], open: OpenReading): Point[] {
  return changes.map((change) =>
    makeCostPoint(labels, makeCostLine(query, change, open.seen[change.day] ?? true)),
  )
}

/** One page, paid for and committed with its checkpoint before the next is asked for; undefined when no money is left. */
async function readPage(
  asking: Asking,
  reading: Reading,
  open: OpenReading,
): Promise<{ readonly reading: Reading; readonly points: number } | undefined> {
  const { run, query } = asking
  const { context, today, account } = run
  const token = open.token === '' ? undefined : open.token
  const page = await askCosts(run, costInput(query, open.days, token), (reply) =>
    readCostPage(reply, query.cost, token),
  )
  if (page === undefined) return undefined
  const seen = { ...open.seen, ...Object.fromEntries(page.estimated) }
  const now: OpenReading = { ...open, seen, pages: open.pages + 1, token: page.next ?? '' }
  const noted = await notePage(asking, page, reading)
  const isLast = page.next === undefined
  const end = isLast ? await noteEnd(asking, { open: now, reading, books: noted.books }) : undefined
  const next = isLast ? endReading(reading, today, now) : { ...reading, open: now }
  const points = pointsOf(asking, [...noted.changes, ...(end?.changes ?? [])], now)
  const place = { accountId: account.accountId, queryId: query.id }
  await context.commit({
    points,
    state: {
      ...bookState(place, end?.books ?? noted.books),
      ...readingState(account.accountId, query.id, next),
    },
  })
  return { reading: next, points: points.length }
}

function reportSpent({ context, purse, account }: BillingRun, scope: string): void {
  context.report({
    code: 'budget',
    severity: 'error',
    scope,
    message: `${account.accountId} has paid for its ${purse.limit} requests of today; what is missing is asked for tomorrow. Raise requests_per_day in billingConfigs, or name fewer linked_accounts: dff plan says how many a day takes.`,
  })
}

async function readPages(asking: Asking, before: Reading, scope: string): Promise<RegionResult> {
  const { context } = asking.run
  let { reading, open } = beginReading(asking, before)
  let points = 0
  let isLost = false
  while (open !== undefined) {
    try {
      // One page after the other: each one is paid for, and kept before the next is.
      const read = await readPage(asking, reading, open)
      if (read === undefined) {
        reportSpent(asking.run, scope)
        return { kind: 'degraded', scope, points }
      }
      reading = read.reading
      points += read.points
      open = reading.open
    } catch (error) {
      // Once: a token that is refused twice is no accident.
      if (!isTokenLost(error) || isLost) throw error
      isLost = true
      context.log(`${scope}: AWS does not know its next page any more; the reading begins anew`)
      const { open: _lost, ...rest } = reading
      ;({ reading, open } = beginReading(asking, rest))
    }
  }
  context.log(`${scope}: ${points} lines, ${reading.pages ?? 0} pages`)
  return { kind: 'collected', scope, points }
}

/** Reads what is due of one question, and commits it page by page. A failure is noted and reported, and stops no other question. */
export async function readQuery(run: BillingRun, query: CostQuery, labels: Labels): Promise<RegionResult> {
  const { context, account, today } = run
  const { accountId } = account
  const scope = `${accountId}/${query.id}`
  const reading = await loadReading(context, accountId, query.id)
  if (context.backfill === undefined && !isDue(reading, today)) return { kind: 'collected', scope, points: 0 }
  if (isWaiting(reading, context.triggerTimeMs)) {
    reportWaiting(context, scope, reading)
    return { kind: 'degraded', scope, points: 0 }
  }
  try {
    return await readPages({ run, query, labels }, reading, scope)
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error
    // As of the last page that was committed.
    const current = await loadReading(context, accountId, query.id)
    const noted = noteFailure(current, error, context.triggerTimeMs)
    await context.commit({ points: [], state: readingState(accountId, query.id, noted) })
    const problem = makeProblem(error, scope)
    context.report(problem)
    return { kind: 'failed', scope, problem }
  }
}
