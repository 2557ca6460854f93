import { DffError } from '../core/error.ts'
import { alignDown, DAY_MS, type EpochMs, formatTime, HOUR_MS, MINUTE_MS } from '../core/time.ts'
import { formatWindow, type Window } from '../core/window.ts'

/** CloudWatch keeps one-minute data for 15 days; half a day is left for the repair itself. */
const MAX_AGE_MS = 14 * DAY_MS + 12 * HOUR_MS

function refuse(expected: string, got: string, remedy: string): DffError {
  return new DffError({ code: 'BAD_PARAMETER', place: '--backfill', expected, got, remedy })
}

/** The whole minutes that a window asked for by hand touches and that have ended; throws BAD_PARAMETER for one that cannot be collected. */
export function checkBackfill({ startMs, endMs }: Window, nowMs: EpochMs): Window {
  const oldestMs = nowMs - MAX_AGE_MS
  if (endMs > nowMs) {
    const expected = `an end that has passed (it is ${formatTime(nowMs)})`
    throw refuse(expected, formatTime(endMs), 'Choose an earlier TO.')
  }
  if (startMs < oldestMs) {
    const expected = `a start within 14 days 12 hours, ${formatTime(oldestMs)} or later`
    throw refuse(expected, formatTime(startMs), 'CloudWatch keeps one-minute data for 15 days.')
  }
  const window = {
    startMs: alignDown(startMs, MINUTE_MS),
    endMs: Math.min(alignDown(endMs + MINUTE_MS - 1, MINUTE_MS), alignDown(nowMs, MINUTE_MS)),
  }
  if (startMs < endMs && window.startMs < window.endMs) return window
  const isTime = Number.isFinite(startMs) && Number.isFinite(endMs)
  throw refuse(
    'FROM before TO, of minutes that have ended',
    isTime ? formatWindow({ startMs, endMs }) : 'no times',
    'For example 2026-11-23T00:00:00Z..2026-11-23T06:00:00Z.',
  )
}
