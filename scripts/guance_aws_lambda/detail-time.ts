import { MINUTE_MS, type RunContext } from 'guance-aws-lambda/dff'

/** No batch of a region begins later: whoever presses Execute waits for the task's end, and details are in no hurry. */
const READING_MS = 10_000

/** Of a region where so many functions wait that this would take days, and of all regions of a run together. */
const MAX_READING_MS = 150_000
const MANY = 500

/** The next tick must not find this run still at it. */
const UNTIL_MS = 3.5 * MINUTE_MS

/** When the first region of a run began. */
const beginningOf = new WeakMap<RunContext, number>()

/** Whether the time of a run leaves room for details: with many accounts the rest is read in later runs. */
export function hasReadingTime(context: RunContext, nowMs: number = performance.now()): boolean {
  const beginMs = beginningOf.get(context) ?? nowMs
  beginningOf.set(context, beginMs)
  // A run that is always long has a few seconds for them, too: else they would never be read.
  const isEarly = context.elapsedMs() < UNTIL_MS || nowMs - beginMs < READING_MS
  return isEarly && nowMs - beginMs < MAX_READING_MS
}

/** Until when a region may begin batches, by a clock that nobody sets. */
export function readUntil(waiting: number, nowMs: number = performance.now()): number {
  return nowMs + (waiting > MANY ? MAX_READING_MS : READING_MS)
}
