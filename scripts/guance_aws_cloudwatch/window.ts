import {
  alignDown,
  DAY_MS,
  type EpochMs,
  HOUR_MS,
  MINUTE_MS,
  splitWindow,
  type Window,
} from 'guance-aws-lambda/dff'

/** The finest period CloudWatch keeps for standard metrics; finer costs nothing more, because calls are billed by metric. */
export const PERIOD_SEC = 60
const PERIOD_MS = PERIOD_SEC * 1000

/**
 * How long after a minute's end its datapoints are taken as final. A minute of Lambda in fact grows for as long as its
 * longest invocation; the settling engine, which knows each function's timeout, takes this constant's place.
 */
const PUBLICATION_DELAY_MS = 5 * MINUTE_MS

/** First look at a series: full dashboards for the price of one poll, and older than AWS takes to list a new function (15 minutes). */
const FIRST_LOOK_MS = 3 * HOUR_MS

/** CloudWatch keeps one-minute datapoints for 15 days; half a day is left for the run itself. */
const MAX_LOOKBACK_MS = 14 * DAY_MS + 12 * HOUR_MS

/** Five statistics, which must travel together, of 14 days are the 100,800 datapoints of one page (aws.md §1.1). */
const MAX_WINDOW_MS = 14 * DAY_MS

/** AWS lists a metric up to 15 minutes after its first datapoint (aws.md §1.3); the rest is for the run itself. */
const LATE_LISTING_MS = 20 * MINUTE_MS

/** End of what is taken as final: from the scheduled time, never later than AWS's own clock allows. */
export function windowEndMs(triggerTimeMs: EpochMs, awsNowMs: EpochMs): EpochMs {
  return alignDown(Math.min(triggerTimeMs, awsNowMs) - PUBLICATION_DELAY_MS, PERIOD_MS)
}

/** The window of series met for the first time. */
export function firstWindow(endMs: EpochMs): Window {
  return { startMs: endMs - FIRST_LOOK_MS, endMs }
}

/** The window, with the minutes before it in which a metric that AWS lists only now may have begun. */
export function lateWindow({ startMs, endMs }: Window): Window {
  return { startMs: startMs - LATE_LISTING_MS, endMs }
}

/** How much of the time since the cursor CloudWatch no longer keeps by the minute. */
export function lostSince(throughMs: EpochMs, endMs: EpochMs): number {
  return Math.max(0, endMs - MAX_LOOKBACK_MS - throughMs)
}

/** Pieces that come to at most so many datapoints for each query, oldest first. */
export function cutWindow(window: Window, maxDatapoints: number): readonly Window[] {
  const longestMs = Math.max(1, Math.floor(maxDatapoints)) * PERIOD_MS
  return splitWindow(window, Math.min(MAX_WINDOW_MS, longestMs))
}

/** From the cursor, or from what CloudWatch still keeps, to the end; empty when everything is committed. */
export function catchUpWindow(throughMs: EpochMs, endMs: EpochMs): Window {
  return { startMs: throughMs + lostSince(throughMs, endMs), endMs }
}
