import { MINUTE_MS, SECOND_MS } from '../../core/time.ts'

/** A restart of DataKit takes seconds. */
const FIRST_BACKOFF_MS = SECOND_MS
/** Long enough to leave a struggling sink alone, short enough that an outage's end is noticed within a poll. */
const MAX_BACKOFF_MS = MINUTE_MS

/** Full jitter: anywhere in [0, min(60 s, 1 s × 2^attempts)), so that senders that failed together do not return together. */
export function backoffMs(attempts: number, random: () => number): number {
  return Math.floor(random() * Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(attempts, 30)))
}
