import { alignDown, DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS, type Window } from 'guance-aws-lambda/dff'

/** The finest period CloudWatch keeps for standard metrics; finer costs nothing more, because calls are billed by metric. */
export const PERIOD_SEC = 60

/** From a minute's end until a store that takes corrections gets its first value. */
export const EARLY_MS = 2 * MINUTE_MS

/** First look at an identity: full dashboards for the price of one poll, and older than AWS takes to list a new function (15 minutes). */
export const FIRST_LOOK_MS = 3 * HOUR_MS

/** A metric is listed up to 15 minutes after its first datapoint (aws.md §1.3). */
export const NEW_METRIC_MS = 30 * MINUTE_MS

/** CloudWatch keeps one-minute datapoints for 15 days; half a day is left for the run itself. */
export const MAX_LOOKBACK_MS = 14 * DAY_MS + 12 * HOUR_MS

/** More than this behind, the last hours go first: 500 queries of 180 minutes are 90,000 datapoints, within the 100,800 of one page. */
export const MAX_LIVE_MS = 180 * MINUTE_MS

/** AWS bills metrics by the call, not by datapoints: a day at once costs an eighth of what three hours at a time do. */
export const REPAIR_CHUNK_MS = DAY_MS

/** Exclusive end of the minutes that ended at least `ageMs` ago: whole minutes by the scheduled time, never later than AWS's own clock allows. */
export function endAt(nowMs: EpochMs, ageMs: number): EpochMs {
  return alignDown(nowMs - ageMs, MINUTE_MS)
}

/** `now` for everything that is to be final: the scheduled time, never later than AWS's own clock. */
export function nowOf(triggerTimeMs: EpochMs, awsNowMs: EpochMs): EpochMs {
  return Math.min(triggerTimeMs, awsNowMs)
}

/** What one poll asks of an identity, and what it leaves for later. */
export interface LiveWindow {
  readonly window: Window
  /** Skipped because live traffic goes first; empty when startMs ≥ endMs. */
  readonly skipped: Window
}

/** From `fromMs` to the end, but no more than the last three hours, and nothing before `oldestMs`. */
export function liveWindow(fromMs: EpochMs, endMs: EpochMs, oldestMs: EpochMs = 0): LiveWindow {
  const startMs = Math.max(fromMs, endMs - MAX_LIVE_MS, Math.min(oldestMs, endMs))
  return {
    window: { startMs: Math.min(startMs, endMs), endMs },
    skipped: { startMs: fromMs, endMs: startMs },
  }
}

/** The minutes of an aligned window. */
export function* wholeMinutes({ startMs, endMs }: Window): Generator<EpochMs> {
  for (let timeMs = startMs; timeMs < endMs; timeMs += MINUTE_MS) yield timeMs
}
