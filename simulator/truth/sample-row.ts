import { type EpochMs, MINUTE_MS } from '../../core/time.ts'
import type { Straggling } from './lateness.ts'

/** The samples of one metric in one minute, and when each of them can be seen. */
export interface SampleRow {
  readonly values: readonly number[]
  /** When each was measured: for most metrics the end of its invocation. */
  readonly readyMs: readonly EpochMs[]
  /** From being measured to being seen. */
  readonly delayMs: number
  readonly straggling: Straggling | undefined
  /** Before this none is seen, */
  readonly firstMs: EpochMs
  /** and from this on all are: the row is final. */
  readonly finalMs: EpochMs
}

const NOTHING: readonly number[] = []

/** A row without late data: nothing of a minute before it has ended, everything from then on. */
export function makePunctualRow(
  values: readonly number[],
  readyMs: readonly EpochMs[],
  minuteMs: EpochMs,
): SampleRow {
  const finalMs = minuteMs + MINUTE_MS
  return { values, readyMs, delayMs: 0, straggling: undefined, firstMs: finalMs, finalMs }
}

/** When a sample of a late row is seen. */
function seenMs(row: Pick<SampleRow, 'readyMs' | 'delayMs' | 'straggling'>, at: number): EpochMs {
  const { straggling } = row
  const isLate = straggling !== undefined && (straggling.isWhole || at % 2 === 0)
  return (row.readyMs[at] ?? 0) + row.delayMs + (isLate ? straggling.lateMs : 0)
}

/** A row that is seen sample by sample, each `delayMs` after it was measured. */
export function makeLateRow(
  values: readonly number[],
  readyMs: readonly EpochMs[],
  delay: { readonly delayMs: number; readonly straggling: Straggling | undefined },
): SampleRow {
  let firstMs = Number.POSITIVE_INFINITY
  let finalMs = Number.NEGATIVE_INFINITY
  const shape = { readyMs, ...delay }
  for (let at = 0; at < values.length; at++) {
    const atMs = seenMs(shape, at)
    firstMs = Math.min(firstMs, atMs)
    finalMs = Math.max(finalMs, atMs)
  }
  return { values, ...shape, firstMs, finalMs }
}

/** What is seen of a row at an instant; final rows answer without a copy. */
export function seenValues(row: SampleRow | undefined, nowMs: EpochMs): readonly number[] {
  if (row === undefined || nowMs < row.firstMs) return NOTHING
  if (nowMs >= row.finalMs) return row.values
  return row.values.filter((_, at) => seenMs(row, at) <= nowMs)
}
