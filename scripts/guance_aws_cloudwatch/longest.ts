import { DAY_MS, type EpochMs } from 'guance-aws-lambda/dff'

/** What was long two weeks ago says nothing about today's code. */
export const LONGEST_DAYS = 14

/** Longest duration by day, in seconds, oldest day first; a day that a later one outdoes is left out. */
export type Longest = readonly (readonly [day: number, seconds: number])[]

export function dayOf(timeMs: EpochMs): number {
  return Math.floor(timeMs / DAY_MS)
}

/** Adds a duration; the same object when nothing changes by it, so that nothing need be stored. */
export function addDuration(longest: Longest, day: number, seconds: number): Longest {
  const rounded = Math.ceil(seconds)
  if (longest.some(([other, most]) => other >= day && most >= rounded)) return longest
  const kept = longest.filter(([other, most]) => other > day || (other < day && most > rounded))
  return [...kept, [day, rounded] as const].toSorted(([left], [right]) => left - right)
}

/** The longest of the last 14 days; undefined when none is known. */
export function longestSec(longest: Longest, nowMs: EpochMs): number | undefined {
  return longest.find(([day]) => day > dayOf(nowMs) - LONGEST_DAYS)?.[1]
}

/** Without what is too old to count. */
export function recentOf(longest: Longest, nowMs: EpochMs): Longest {
  return longest.filter(([day]) => day > dayOf(nowMs) - LONGEST_DAYS)
}
