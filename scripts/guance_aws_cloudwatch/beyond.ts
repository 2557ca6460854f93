import { type EpochMs, HOUR_MS, MINUTE_MS, type SinkTraits, type Window } from 'guance-aws-lambda/dff'
import { cutRanges, joinRanges, lengthOf } from './ranges.ts'
import { endAt, MAX_LOOKBACK_MS } from './window.ts'

/** Of what the store takes, so much is left for the run and for delivery. */
const DELIVERY_MS = 15 * MINUTE_MS

/** How much of some windows cannot be had any more, by the reason; milliseconds. */
export interface Beyond {
  /** CloudWatch no longer keeps it by the minute. */
  readonly lostMs: number
  /** The store does not take it. */
  readonly refusedMs: number
}

export const NOTHING_BEYOND: Beyond = { lostMs: 0, refusedMs: 0 }

export function addBeyond(left: Beyond, right: Beyond): Beyond {
  return { lostMs: left.lostMs + right.lostMs, refusedMs: left.refusedMs + right.refusedMs }
}

/** Where begins what can still be had: of older minutes CloudWatch has no value, or the store takes none. */
export function oldestOf(nowMs: EpochMs, { retentionHours }: Pick<SinkTraits, 'retentionHours'>): EpochMs {
  const takenMs =
    retentionHours === undefined ? MAX_LOOKBACK_MS : Math.max(0, retentionHours * HOUR_MS - DELIVERY_MS)
  return endAt(nowMs, Math.min(MAX_LOOKBACK_MS, takenMs))
}

/** What of some windows can still be had, and how much cannot. */
export function cutBeyond(
  windows: readonly Window[],
  { nowMs, sink }: { readonly nowMs: EpochMs; readonly sink: SinkTraits },
): Beyond & { readonly left: readonly Window[] } {
  const asked = joinRanges(windows)
  const kept = cutRanges(asked, { startMs: 0, endMs: endAt(nowMs, MAX_LOOKBACK_MS) })
  const left = cutRanges(kept, { startMs: 0, endMs: oldestOf(nowMs, sink) })
  return { left, lostMs: lengthOf(asked) - lengthOf(kept), refusedMs: lengthOf(kept) - lengthOf(left) }
}
