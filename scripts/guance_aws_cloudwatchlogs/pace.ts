import { alignDown, type EpochMs, HOUR_MS, MINUTE_MS } from 'guance-aws-lambda/dff'
import type { IdBook } from './id-book.ts'

/** What is read at once of a past that must be caught up with: the ids of a window are kept until it is over. */
const LEAST_WINDOW_MS = 5 * MINUTE_MS
const MOST_WINDOW_MS = 6 * HOUR_MS
const FEW_EVENTS = 5_000

/** However much a group writes, its last minutes stay open: CloudWatch Logs has nearly all events within seconds. */
const LEAST_LATENESS_MS = 2 * MINUTE_MS

/** Minutes are cut where they begin: by so much AWS's clock may be behind without the minute before becoming the end. */
const CLOCK_SLACK_MS = MINUTE_MS / 2

/** How many ids of one group there may be. */
export interface IdBounds {
  /** In memory: with more in it a window is read in parts. */
  readonly read: number
  /** Between polls: with more, minutes become final before the lateness is over. */
  readonly kept: number
}

/**
 * Some 28 bytes each in memory, and 11 in the store, whose 256 MB are for all groups of a Startup script: eleven of which a whole
 * window was read, 22 MB each, fill it.
 */
export const ID_BOUNDS: IdBounds = { read: 2_000_000, kept: 1_000_000 }

/** How far a group is to be read. */
export interface Reading {
  readonly stateKey: string
  readonly fromMs: EpochMs
  readonly toMs: EpochMs
  /** Events may come so long after their time; 0 of a past in which all have come. */
  readonly latenessMs: number
}

/** By which steps. */
export interface Pace {
  readonly windowMs: number
  /** That of the reading, or less where the ids of all of it would be too many. */
  readonly latenessMs: number
  /** Whether a window must not be longer: a longer one held too much. */
  readonly isTight: boolean
}

export interface ReadWindow {
  readonly startMs: EpochMs
  readonly lastMs: EpochMs
  readonly finalMs: EpochMs
}

export function firstPace({ latenessMs }: Pick<Reading, 'latenessMs'>, isKnown: boolean): Pace {
  return { windowMs: isKnown ? LEAST_WINDOW_MS : HOUR_MS, latenessMs, isTight: false }
}

/** After a whole window with so many new events. */
export function nextPace(pace: Pace, events: number): Pace {
  if (events < FEW_EVENTS) return { ...pace, windowMs: Math.min(pace.windowMs * 2, MOST_WINDOW_MS) }
  return { ...pace, windowMs: Math.min(pace.windowMs, LEAST_WINDOW_MS) }
}

/** The past in windows; what may still come is always read to its end, because its beginning stays open anyway. */
export function nextWindow(startMs: EpochMs, { toMs, latenessMs }: Reading, pace: Pace): ReadWindow {
  const { windowMs, isTight } = pace
  const settledMs = alignDown(toMs - pace.latenessMs, MINUTE_MS)
  // A minute of reports is written once, and so never cut.
  const endMs = alignDown(startMs + windowMs, MINUTE_MS)
  // A little more is read at once: the minute before the last may have been left open by a clock that is a second off.
  const isPast = isTight
    ? endMs + CLOCK_SLACK_MS <= toMs - pace.latenessMs
    : startMs + 2 * windowMs < settledMs
  if (isPast) return { startMs, lastMs: endMs - 1, finalMs: endMs }
  // Of a past without lateness the end is exclusive.
  return { startMs, lastMs: latenessMs === 0 ? toMs - 1 : toMs, finalMs: Math.max(startMs, settledMs) }
}

function leastLateness(latenessMs: number): number {
  return Math.min(latenessMs, LEAST_LATENESS_MS)
}

/**
 * How to go on where a window turns out to hold too many ids: by half of what came, which is mostly its first part because AWS
 * sorts by time. Undefined where it holds few enough, or cannot be cut: it has a minute alone, or the last ones.
 */
export function tighten(
  { startMs, lastMs }: ReadWindow,
  { toMs, latenessMs }: Reading,
  { ids, pace, bounds }: { readonly ids: IdBook; readonly pace: Pace; readonly bounds: IdBounds },
): Pace | undefined {
  if (ids.countBefore(lastMs + 1) <= bounds.read) return undefined
  // At least a minute less than it was.
  const openFromMs = toMs - leastLateness(latenessMs) - CLOCK_SLACK_MS
  const lastEndMs = alignDown(Math.min(lastMs, openFromMs), MINUTE_MS)
  if (lastEndMs <= startMs) return undefined
  const firstEndMs = alignDown(startMs, MINUTE_MS) + MINUTE_MS
  const halfMs = ids.endOfFirst(bounds.read / 2) ?? firstEndMs
  const endMs = Math.min(Math.max(halfMs, firstEndMs), lastEndMs)
  return {
    windowMs: endMs - startMs,
    latenessMs: Math.min(pace.latenessMs, Math.max(0, toMs - endMs - CLOCK_SLACK_MS)),
    isTight: true,
  }
}

/** The lateness for which the ids of what stays open are few enough to be kept; never more than the pace has. */
export function keptLateness(
  { toMs, latenessMs }: Reading,
  { ids, pace, bounds }: { readonly ids: IdBook; readonly pace: Pace; readonly bounds: IdBounds },
): number {
  const openMs = toMs - ids.startOfLast(bounds.kept) - CLOCK_SLACK_MS
  return Math.min(pace.latenessMs, Math.max(openMs, leastLateness(latenessMs)))
}
