import type { EpochMs, Json, RunContext } from 'guance-aws-lambda/dff'
import { addDays, type Day, type Days, daysBetween, earlier, later } from './day.ts'
import { type Place, placeKey, placeOf } from './place.ts'
import { mergeSpans, newestChunk, type Spans, subtractDays } from './spans.ts'

/** Days that are being read: their next page. A page that was paid for is committed with it. */
export interface OpenChunk {
  readonly days: Days
  /** Empty before the first page. */
  readonly token: string
  readonly startedMs: EpochMs
  readonly pages: number
  readonly rows: number
  /** Days of its pages so far, and whether AWS calls them an estimate. */
  readonly seen: Readonly<Record<Day, boolean>>
}

/** How far one question has come; its checkpoint. */
export interface Reading {
  /** Counts up with each chunk, so that what a chunk did not find again is seen. */
  readonly number: number
  /** The reading day for which it was last decided what is owed. */
  readonly day?: Day
  /** The reading day on which nothing was owed any more. */
  readonly ended?: Day
  readonly owed?: Spans
  /** When everything that AWS called an estimate was owed last. */
  readonly fullDay?: Day
  /** The earliest day that AWS calls an estimate, as far as it was read. */
  readonly openFrom?: Day
  /** So many days are in one page, as far as is known. */
  readonly pageDays?: number
  /** So many rows are in one page, as far as one was full. */
  readonly pageRows?: number
  readonly open?: OpenChunk
  /** When AWS said that it does not answer this question for this account. */
  readonly refusedDay?: Day
  readonly failures?: number
  /** After failures nothing is asked before. */
  readonly notBeforeMs?: EpochMs
  readonly failure?: string
}

/** Estimates older than the days of every reading are read again so often. */
const FULL_EVERY_DAYS = 7
/** AWS closes a month within days of its end; what is older and still called an estimate is left alone. */
export const OPEN_DAYS = 62
/** Cost Explorer keeps thirteen months (aws.md §5). */
const HISTORY_DAYS = 365
/** Days asked for at once before it is known how many a page holds: a page costs the same however many they are. */
const FIRST_PAGE_DAYS = 31
const MOST_PAGE_DAYS = 92
/** Nobody says how long AWS keeps a token; a tick an hour later may still go on. */
const TOKEN_MS = 2 * 3_600_000

export async function loadReading(context: RunContext, accountId: string, queryId: string): Promise<Reading> {
  // Written by readingState alone.
  const stored = await context.load(placeKey('reading', placeOf(context, accountId, queryId)))
  return (stored as unknown as Reading | undefined) ?? { number: 0 }
}

export function readingState(place: Place, reading: Reading): Readonly<Record<string, Json>> {
  // Plain data, but an interface has no index signature and so is no Json to the compiler.
  return { [placeKey('reading', place)]: reading as unknown as Json }
}

/** Once in a reading day; a day that lies far ahead was noted under a clock that was wrong. */
function isDue({ day }: Reading, today: Day): boolean {
  return day === undefined || day < today || day > addDays(today, 1)
}

export interface ReadingRule {
  readonly rereadDays: number
  readonly lookbackDays: number
}

/** Every estimate but those that AWS will not change any more. */
function openSpan({ openFrom }: Reading, today: Day): Days {
  return { from: later(openFrom ?? today, addDays(today, -OPEN_DAYS)), to: today }
}

/**
 * Decides once a day what is owed: the last days, those that were missed, and once a week everything that is still an
 * estimate. How many days makes no price, only pages do.
 */
export function oweToday(reading: Reading, today: Day, { rereadDays, lookbackDays }: ReadingRule): Reading {
  if (!isDue(reading, today)) return reading
  const { day, owed = [], fullDay } = reading
  const recent = addDays(today, -rereadDays)
  // Of a clock that ran ahead nothing after today is known.
  const missed =
    day === undefined ? addDays(today, -lookbackDays) : addDays(earlier(day, today), 1 - rereadDays)
  const from = later(earlier(recent, missed), addDays(today, -HISTORY_DAYS))
  // Days that were never read go before those that were.
  const isFull =
    owed.length === 0 && (fullDay === undefined || Math.abs(daysBetween(fullDay, today)) >= FULL_EVERY_DAYS)
  const open = isFull ? [openSpan(reading, today)] : []
  return {
    ...reading,
    day: today,
    owed: mergeSpans([...owed, { from, to: today }, ...open]),
    ...(isFull ? { fullDay: today } : {}),
  }
}

/** Whether what was begun then has to begin anew; also where it was begun under a clock that ran ahead. */
export function isTokenOld({ startedMs }: Pick<OpenChunk, 'startedMs'>, nowMs: EpochMs): boolean {
  return nowMs < startedMs || nowMs - startedMs > TOKEN_MS
}

/** The chunk to go on with while its token may still be good, or the newest days that are owed; undefined when none are. */
export function beginChunk(
  reading: Reading,
  nowMs: EpochMs,
): { readonly reading: Reading; readonly open: OpenChunk } | undefined {
  const { open, owed = [], pageDays = FIRST_PAGE_DAYS } = reading
  if (open !== undefined && !isTokenOld(open, nowMs)) return { reading, open }
  const days = newestChunk(owed, pageDays)
  if (days === undefined) return undefined
  const fresh = { days, token: '', startedMs: nowMs, pages: 0, rows: 0, seen: {} }
  return { reading: { ...reading, number: reading.number + 1 }, open: fresh }
}

/** How many days a page holds, after so many rows of so many days. */
function learnPageDays(
  { pageDays = FIRST_PAGE_DAYS, pageRows }: Reading,
  days: number,
  rows: number,
): number {
  if (pageRows !== undefined) {
    return Math.min(MOST_PAGE_DAYS, Math.max(1, Math.floor((pageRows * days) / Math.max(1, rows))))
  }
  return days < pageDays ? pageDays : Math.min(MOST_PAGE_DAYS, 2 * pageDays)
}

/** A page with fewer rows and another behind it was cut short by something else than its size. */
const LEAST_PAGE_ROWS = 50

/** The checkpoint with what a page tells of the size of pages: only one with another behind it is full. */
export function learnPageRows(reading: Reading, rows: number, isLast: boolean): Reading {
  return isLast || rows < LEAST_PAGE_ROWS
    ? reading
    : { ...reading, pageRows: Math.max(reading.pageRows ?? 0, rows) }
}

/** The earliest estimate, after a chunk whose days are known now. */
function learnOpenFrom({ openFrom }: Reading, { days, seen }: OpenChunk): Day {
  const [first = days.to] = Object.keys(seen)
    .filter((day) => seen[day])
    .toSorted()
  if (openFrom === undefined || (openFrom >= days.from && openFrom < days.to)) return first
  return first < days.from || first === days.to ? openFrom : earlier(openFrom, first)
}

function withoutFailure(reading: Reading): Reading {
  const { open: _open, failures: _failures, notBeforeMs: _time, failure: _failure, ...kept } = reading
  return kept
}

/** The checkpoint after a chunk's last page. */
export function endChunk(reading: Reading, chunk: OpenChunk, today: Day): Reading {
  const { days, rows } = chunk
  const owed = subtractDays(reading.owed ?? [], days)
  return {
    ...withoutFailure(reading),
    owed,
    pageDays: learnPageDays(reading, daysBetween(days.from, days.to), rows),
    openFrom: learnOpenFrom(reading, chunk),
    ...(owed.length === 0 ? { ended: today } : {}),
  }
}

/** The checkpoint when a chunk had to stop for want of money: the next one is smaller, so that some day is whole in the end. */
export function interruptChunk(reading: Reading, { pages, rows, seen }: OpenChunk): Reading {
  if (pages === 0) return reading
  return { ...reading, pageDays: learnPageDays(reading, Object.keys(seen).length, rows) }
}

/** A question that AWS does not answer is asked again so many days later. */
export const REFUSED_DAYS = 7

/** Whether AWS refused a question lately. */
export function isRefused({ refusedDay }: Reading, today: Day): boolean {
  return refusedDay !== undefined && Math.abs(daysBetween(refusedDay, today)) < REFUSED_DAYS
}

/** The checkpoint after a refusal for good. */
export function noteRefusal(reading: Reading, today: Day): Reading {
  return { ...withoutFailure(reading), owed: [], refusedDay: today }
}

/** The checkpoint after a reading of something that is no costs by day. */
export function endListing(reading: Reading, today: Day): Reading {
  return { ...withoutFailure(reading), day: today, ended: today }
}

/** Requests that one question takes on a day, on the mean: pages of the last days, and every seventh time those of all estimates. */
export function requestsPerDay(reading: Reading, today: Day, { rereadDays }: ReadingRule): number {
  const { pageDays = FIRST_PAGE_DAYS } = reading
  const pagesOf = (days: number): number => Math.max(1, Math.ceil(days / pageDays))
  const open = openSpan(reading, today)
  const full = pagesOf(Math.max(rereadDays, daysBetween(open.from, open.to)))
  return (pagesOf(rereadDays) * (FULL_EVERY_DAYS - 1) + full) / FULL_EVERY_DAYS
}
