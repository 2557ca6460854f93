import { HOUR_MS, type EpochMs, type Window } from 'guance-aws-lambda/dff'
import { DIGEST_HOURS } from './digest.ts'
import { cutRanges } from './ranges.ts'
import { endAt, MAX_LOOKBACK_MS } from './window.ts'

/** An audit reads again what the last one read of its last hours: what comes that late is seen whatever the hour. */
const AUDIT_OVERLAP_HOURS = 6
const MAX_DIGEST_HOURS = 48

/** End of the range that goes on. */
export const FOREVER_MS: EpochMs = Number.MAX_SAFE_INTEGER

/** What a bucket's ledger says of its digests. */
export interface DigestsKept {
  /** As of the last commit; undefined before the first. */
  readonly kept: readonly Window[] | undefined
  readonly auditedMs: EpochMs
  /** Last poll that was committed. */
  readonly polledMs: EpochMs
}

/**
 * The minutes whose digests are kept, all of them: 31 hours, or more when the audit is late, because what it has not read
 * yet it can only judge by them; two days at most. After an outage that is longer than that, also those of the polls
 * before it, until they are audited. The first range never begins earlier than it did: those digests are gone.
 */
export function digestRanges({ kept, auditedMs, polledMs }: DigestsKept, nowMs: EpochMs): readonly Window[] {
  const recentMs = endAt(nowMs, DIGEST_HOURS * HOUR_MS)
  const dueMs = Math.min(recentMs, endAt(auditedMs, (AUDIT_OVERLAP_HOURS + 1) * HOUR_MS))
  const sinceMs = Math.max(dueMs, endAt(nowMs, MAX_DIGEST_HOURS * HOUR_MS))
  const open = kept?.at(-1)
  if (kept === undefined || open === undefined) return [{ startMs: sinceMs, endMs: FOREVER_MS }]
  const gone = { startMs: 0, endMs: Math.max(dueMs, endAt(nowMs, MAX_LOOKBACK_MS)) }
  const isBack = polledMs < recentMs
  const closed = [...kept.slice(0, -1), ...(isBack ? [{ ...open, endMs: endAt(polledMs, 0) }] : [])]
  // One earlier range is enough: the minutes of an outage itself have no digests at all.
  const earlier = cutRanges(closed, gone).slice(-1)
  return [...earlier, { startMs: Math.max(open.startMs, isBack ? recentMs : sinceMs), endMs: FOREVER_MS }]
}

/** The last hours of the ranges: what is left when there is no room for more. */
export function lastHours(kept: readonly Window[], hours: number, nowMs: EpochMs): readonly Window[] {
  const fromMs = endAt(nowMs, hours * HOUR_MS)
  return kept.slice(-1).map(({ startMs, endMs }) => ({ startMs: Math.max(startMs, fromMs), endMs }))
}
