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

/** 500 queries of 180 minutes are 90,000 datapoints, within the 100,800 of one page (aws.md §1.1). */
const MAX_WINDOW_MS = 180 * MINUTE_MS

/** End of what is taken as final: from the scheduled time, never later than AWS's own clock allows. */
export function windowEndMs(triggerTimeMs: EpochMs, awsNowMs: EpochMs): EpochMs {
  return alignDown(Math.min(triggerTimeMs, awsNowMs) - PUBLICATION_DELAY_MS, PERIOD_MS)
}

/** The window of series met for the first time. */
export function firstWindow(endMs: EpochMs): Window {
  return { startMs: endMs - FIRST_LOOK_MS, endMs }
}

export interface CatchUp {
  /** Oldest first; empty when everything up to the end is committed. */
  readonly windows: readonly Window[]
  /** What CloudWatch no longer keeps by the minute. */
  readonly lostMs: number
}

/** From the cursor to the end, in windows that one page can answer. */
export function catchUp(throughMs: EpochMs, endMs: EpochMs): CatchUp {
  const oldestMs = endMs - MAX_LOOKBACK_MS
  const startMs = Math.max(throughMs, oldestMs)
  return { windows: splitWindow({ startMs, endMs }, MAX_WINDOW_MS), lostMs: startMs - throughMs }
}
