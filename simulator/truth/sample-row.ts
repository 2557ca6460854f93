import type { EpochMs } from '../../core/time.ts'
import type { Straggling } from './lateness.ts'

/** The samples of one metric in one minute, and when each of them can be seen. */
export interface SampleRow {
  readonly values: readonly number[]
  /** When each was measured: for most metrics the end of its invocation. */
  readonly readyMs: readonly EpochMs[]
  /** From this on all are seen. */
  readonly finalMs: EpochMs
  /** How each is seen before that; undefined when none is. */
  readonly delay: Delay | undefined
}

/** From being measured to being seen. */
export interface Delay {
  readonly delayMs: number
  readonly straggling: Straggling | undefined
}

const NOTHING: readonly number[] = []

/** A row without late data: nothing of it is seen before `finalMs`, everything from then on. */
export function makePunctualRow(
  values: readonly number[],
  readyMs: readonly EpochMs[],
  finalMs: EpochMs,
): SampleRow {
  return { values, readyMs, finalMs, delay: undefined }
}

/** When a sample of a late row is seen. */
function seenMs(readyMs: readonly EpochMs[], { delayMs, straggling }: Delay, at: number): EpochMs {
  const isLate = straggling !== undefined && (straggling.isWhole || at % 2 === 0)
  return (readyMs[at] ?? 0) + delayMs + (isLate ? straggling.lateMs : 0)
}

/** A row that is seen sample by sample, each a delay after it was measured. */
export function makeLateRow(values: readonly number[], readyMs: readonly EpochMs[], delay: Delay): SampleRow {
  let finalMs = Number.NEGATIVE_INFINITY
  for (let at = 0; at < values.length; at++) finalMs = Math.max(finalMs, seenMs(readyMs, delay, at))
  return { values, readyMs, finalMs, delay }
}

/** What is seen of a row at an instant; final rows answer without a copy. */
export function seenValues(row: SampleRow | undefined, nowMs: EpochMs): readonly number[] {
  if (row === undefined) return NOTHING
  const { values, readyMs, finalMs, delay } = row
  if (nowMs >= finalMs) return values
  return delay === undefined ? NOTHING : values.filter((_, at) => seenMs(readyMs, delay, at) <= nowMs)
}

/** When the first sample of a row is seen. */
export function firstSeenMs({ readyMs, finalMs, delay }: SampleRow): EpochMs {
  if (delay === undefined) return finalMs
  return readyMs.reduce((first, _, at) => Math.min(first, seenMs(readyMs, delay, at)), finalMs)
}
