import type { EpochMs, Json, RunContext } from 'guance-aws-lambda/dff'
import { addDays, type Day, type Days, daysBetween, earlier, later } from './day.ts'

/** A reading that is under way: its next page. A page that was paid for is committed with it. */
export interface OpenReading {
  readonly days: Days
  readonly token: string
  readonly startedMs: EpochMs
  readonly pages: number
  /** Days of its earlier pages, and whether AWS calls them an estimate. */
  readonly seen: Readonly<Record<Day, boolean>>
  readonly isBackfill?: true
}

/** How far one question has come; its checkpoint. */
export interface Reading {
  /** Counts up with each reading, so that what a reading did not find again is seen. */
  readonly number: number
  /** The reading day of the last one that ended. */
  readonly day?: Day
  /** End of what was ever read: what comes after was missed. */
  readonly readTo?: Day
  /** When everything that AWS called an estimate was read last. */
  readonly fullDay?: Day
  /** The earliest day that AWS called an estimate then. */
  readonly openFrom?: Day
  /** Pages of the last one. */
  readonly pages?: number
  readonly open?: OpenReading
  readonly failures?: number
  /** After failures nothing is asked before. */
  readonly notBeforeMs?: EpochMs
  readonly failure?: string
}

/** Estimates older than the days of every reading are read again so often. */
const FULL_EVERY_DAYS = 7
/** AWS closes a month within days of its end; what is older and still called an estimate is left alone. */
const OPEN_DAYS = 62
/** Cost Explorer keeps thirteen months (aws.md §5). */
const HISTORY_DAYS = 365

function keyOf(accountId: string, queryId: string): string {
  return `billing/${accountId}/reading/${queryId}`
}

export async function loadReading(context: RunContext, accountId: string, queryId: string): Promise<Reading> {
  // Written by readingState alone.
  return ((await context.load(keyOf(accountId, queryId))) as unknown as Reading | undefined) ?? { number: 0 }
}

export function readingState(
  accountId: string,
  queryId: string,
  reading: Reading,
): Readonly<Record<string, Json>> {
  // Plain data, but an interface has no index signature and so is no Json to the compiler.
  return { [keyOf(accountId, queryId)]: reading as unknown as Json }
}

/** Once in a reading day; a day that lies far ahead was noted under a clock that was wrong. */
export function isDue({ day }: Reading, today: Day): boolean {
  return day === undefined || day < today || day > addDays(today, 1)
}

export function isFull({ fullDay }: Reading, today: Day): boolean {
  return fullDay === undefined || Math.abs(daysBetween(fullDay, today)) >= FULL_EVERY_DAYS
}

/**
 * The days to ask for: the last ones, those that were missed, and once a week everything that is still an estimate. How
 * many days makes no price, only pages do.
 */
export function daysToRead(
  reading: Reading,
  today: Day,
  { rereadDays, lookbackDays }: { readonly rereadDays: number; readonly lookbackDays: number },
): Days {
  const { readTo, openFrom } = reading
  const recent = addDays(today, -rereadDays)
  if (readTo === undefined) return { from: earlier(recent, addDays(today, -lookbackDays)), to: today }
  // Of a clock that ran ahead nothing after today is known.
  const missed = earlier(recent, addDays(earlier(readTo, today), -rereadDays))
  const oldest = isFull(reading, today) && openFrom !== undefined ? earlier(missed, openFrom) : missed
  const bound = earlier(missed, addDays(today, -OPEN_DAYS))
  return { from: later(later(oldest, bound), addDays(today, -HISTORY_DAYS)), to: today }
}

/** The checkpoint after a reading's last page. */
export function endReading(
  reading: Reading,
  today: Day,
  { days, seen, pages, isBackfill }: Pick<OpenReading, 'days' | 'seen' | 'pages' | 'isBackfill'>,
): Reading {
  const { open: _open, failures: _failures, notBeforeMs: _time, failure: _failure, ...kept } = reading
  if (isBackfill === true) return kept
  const isWhole = isFull(reading, today)
  const [first] = Object.keys(seen)
    .filter((day) => seen[day])
    .toSorted()
  return {
    ...kept,
    day: today,
    readTo: days.to,
    pages,
    ...(isWhole ? { fullDay: today, openFrom: first ?? days.to } : {}),
  }
}
