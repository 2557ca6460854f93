import { HOUR_MS, type Point } from 'guance-aws-lambda/dff'
import { askCosts, type BillingRun } from './billing-run.ts'
import { type Book, bookState, type Change, loadBooks, noteGone, noteRows } from './book.ts'
import { type CostPage, costInput, readCostPage } from './cost-page.ts'
import { type Labels, makeCostLine, makeCostPoint } from './cost-point.ts'
import type { CostQuery } from './cost-query.ts'
import { addDays, type Day, isWithin } from './day.ts'
import { type Place, placeOf } from './place.ts'
import { endChunk, learnPageRows, type OpenChunk, type Reading, readingState } from './reading.ts'
import { answeredState } from './shared-day.ts'
import type { Spans } from './spans.ts'

/** Books of days that no reading goes back to: the oldest estimate that is read again is 62 days old. */
const BOOK_DAYS = 70
/** As many of them are dropped at a time, so that none stays after days without a run. */
const DROPPED_DAYS = 14
/** Between pages that are further apart AWS may have refreshed its costs: then a line may have moved to a page that was read before. */
const ONE_REFRESH_MS = HOUR_MS

/** One question under way. */
export interface Asking {
  readonly run: BillingRun
  readonly query: CostQuery
  readonly labels: Labels
}

interface Noted {
  readonly books: Map<Day, Book | undefined>
  readonly changes: readonly Change[]
}

function placeOfAsking({ run, query }: Asking): Place {
  return placeOf(run.context, run.account.accountId, query.id)
}

/** What one page changes: its lines, and the books with them. */
async function notePage(asking: Asking, page: CostPage, reading: Reading): Promise<Noted> {
  const byDay = Map.groupBy(page.rows, ({ day }) => day)
  const loaded = await loadBooks(asking.run.context, placeOfAsking(asking), byDay.keys())
  const books = new Map<Day, Book | undefined>()
  const changes: Change[] = []
  for (const [day, rows] of byDay) {
    const noted = noteRows(loaded.get(day) ?? {}, rows, reading.number)
    books.set(day, noted.book)
    changes.push(...noted.changes)
  }
  return { books, changes }
}

/** After the last page: what is gone, on every day that AWS answered for. */
async function noteMissing(
  asking: Asking,
  { reading, chunk, page }: { readonly reading: Reading; readonly chunk: OpenChunk; readonly page: Noted },
): Promise<Noted> {
  const { context, nowMs } = asking.run
  if (nowMs - chunk.startedMs > ONE_REFRESH_MS) return page
  const days = Object.keys(chunk.seen).filter((day) => isWithin(day, chunk.days))
  const loaded = await loadBooks(context, placeOfAsking(asking), days)
  const books = new Map(page.books)
  const changes = [...page.changes]
  for (const day of days) {
    const book = books.get(day) ?? loaded.get(day) ?? {}
    const noted = noteGone(day, book, reading.number)
    if (noted.changes.length > 0) books.set(day, noted.book)
    changes.push(...noted.changes)
  }
  return { books, changes }
}

/**
 * Without the books of days that no reading goes back to, those of a long first reading among them. Days that the same
 * reading has still to read after a long rest keep theirs: without it their costs would be written as if for the first time.
 */
function withoutOldBooks(
  { books, changes }: Noted,
  { seen }: OpenChunk,
  { owed, today }: { readonly owed: Spans; readonly today: Day },
): Noted {
  const oldest = addDays(today, -BOOK_DAYS)
  const past = Array.from({ length: DROPPED_DAYS }, (_, back) => addDays(oldest, -back))
  const read = Object.keys(seen).filter((day) => day <= oldest)
  const dropped = [...past, ...read].filter((day) => !owed.some((span) => isWithin(day, span)))
  return { books: new Map([...books, ...dropped.map((day) => [day, undefined] as const)]), changes }
}

function pointsOf({ query, labels }: Asking, changes: readonly Change[], { seen }: OpenChunk): Point[] {
  return changes.map((change) => makeCostPoint(labels, makeCostLine(query, change, seen[change.day] ?? true)))
}

/** One page, paid for and committed with its checkpoint; undefined when no money is left. Throws AwsFailure. */
export async function readPage(
  asking: Asking,
  reading: Reading,
  open: OpenChunk,
): Promise<{ readonly reading: Reading; readonly points: number } | undefined> {
  const { run, query } = asking
  const { context, today } = run
  const token = open.token === '' ? undefined : open.token
  const input = costInput(query, open.days, token)
  const page = await askCosts(
    run,
    { id: query.id, input, isByResource: query.isByResource === true },
    (reply) => readCostPage(reply, query.cost, token),
  )
  if (page === undefined) return undefined
  const seen = { ...open.seen, ...Object.fromEntries(page.estimated) }
  const chunk: OpenChunk = {
    ...open,
    seen,
    pages: open.pages + 1,
    rows: open.rows + page.rows.length,
    token: page.next ?? '',
  }
  const noted = await notePage(asking, page, reading)
  const isLast = page.next === undefined
  const learnt = learnPageRows(reading, page.rows.length, isLast)
  const next = isLast ? endChunk(learnt, chunk, today) : { ...learnt, open: chunk }
  // No row at all tells of no function: AWS may know none of this service by resource.
  const isTold = isLast && (query.isByResource !== true || chunk.rows > 0)
  const { books, changes } = isTold
    ? withoutOldBooks(await noteMissing(asking, { reading, chunk, page: noted }), chunk, {
        owed: next.owed ?? [],
        today,
      })
    : noted
  const points = pointsOf(asking, changes, chunk)
  const place = placeOfAsking(asking)
  const answered =
    isTold && query.isByResource === true ? await answeredState(run, place, Object.keys(seen)) : {}
  const state = { ...bookState(place, books), ...readingState(place, next), ...answered }
  await context.commit({ points, state })
  return { reading: next, points: points.length }
}
