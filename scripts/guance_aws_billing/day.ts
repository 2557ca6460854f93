import { DAY_MS, type EpochMs, HOUR_MS } from 'guance-aws-lambda/dff'

/** A day of UTC as AWS bills it: `2026-11-28`. Texts compare as days do. */
export type Day = string

/** A half-open span of days, as Cost Explorer takes it. */
export interface Days {
  readonly from: Day
  readonly to: Day
}

/**
 * AWS refreshes its costs up to three times a day (aws.md §5): so long after midnight a refresh has come that knows the
 * whole day before.
 */
const REFRESH_MS = 8 * HOUR_MS

export function dayOf(timeMs: EpochMs): Day {
  return new Date(timeMs).toISOString().slice(0, 10)
}

/** Midnight UTC at the day's beginning. */
export function dayStartMs(day: Day): EpochMs {
  return Date.parse(`${day}T00:00:00Z`)
}

export function addDays(day: Day, days: number): Day {
  return dayOf(dayStartMs(day) + days * DAY_MS)
}

/** How many days the second one is after the first; negative when it is before. */
export function daysBetween(from: Day, to: Day): number {
  return (dayStartMs(to) - dayStartMs(from)) / DAY_MS
}

export function isWithin(day: Day, { from, to }: Days): boolean {
  return day >= from && day < to
}

/** The day that readings of now belong to: all days before it are over, and AWS has had a refresh since. */
export function readingDay(nowMs: EpochMs): Day {
  return dayOf(nowMs - REFRESH_MS)
}

/** The earlier of two days. */
export function earlier(one: Day, other: Day): Day {
  return one < other ? one : other
}

/** The later of two days. */
export function later(one: Day, other: Day): Day {
  return one > other ? one : other
}
