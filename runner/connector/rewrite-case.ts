/**
 * The experiment that shows what a store does with the same series and timestamp written twice: two series, one whose
 * value rises and one whose value falls, so that "the newer" and "the larger" can be told apart. Pure.
 */
import type { Point } from '../../core/point.ts'
import type { SinkTraits } from '../../core/script.ts'
import type { EpochMs } from '../../core/time.ts'

export const REWRITE_MEASUREMENT = 'dff_rewrite_test'

export const REWRITE_CASES = ['rising', 'falling'] as const
export type RewriteCase = (typeof REWRITE_CASES)[number]

/** What both writes set, and what only one of them does. */
export const VALUE_FIELD = 'value'
export const ROUND_FIELDS = ['first', 'second'] as const

/** The value of each round. */
const VALUES: Readonly<Record<RewriteCase, readonly [number, number]>> = { rising: [1, 2], falling: [2, 1] }

/** One line as the store gives it back: field to number. */
export type StoredRow = ReadonlyMap<string, number>
export type StoredRows = Readonly<Record<RewriteCase, readonly StoredRow[]>>

/** The points of the first (0) or second (1) write; `runId` keeps one test apart from another. */
export function rewritePoints(runId: string, timeMs: EpochMs, round: 0 | 1): readonly Point[] {
  return REWRITE_CASES.map((name) => ({
    category: 'metric',
    measurement: REWRITE_MEASUREMENT,
    tags: { run: runId, case: name },
    fields: { [VALUE_FIELD]: VALUES[name][round], [ROUND_FIELDS[round]]: 1 },
    timeMs,
  }))
}

function valuesOf(rows: readonly StoredRow[]): readonly number[] {
  return rows.flatMap((row) => row.get(VALUE_FIELD) ?? [])
}

function rewriteOf({ rising, falling }: StoredRows): SinkTraits['rewrite'] {
  const [up, down] = [valuesOf(rising), valuesOf(falling)]
  if (up.length > 1 || down.length > 1) return 'both'
  if (up[0] !== VALUES.rising[1]) return 'unknown'
  if (down[0] === VALUES.falling[1]) return 'last'
  return down[0] === VALUES.falling[0] ? 'max' : 'unknown'
}

/** What the rows that were read back after both writes say. A store that keeps the first value is `unknown`: only writing once is right there. */
export function judgeRewrite(rows: StoredRows): SinkTraits {
  const rewrite = rewriteOf(rows)
  const hasBoth = REWRITE_CASES.every((name) =>
    ROUND_FIELDS.every((field) => rows[name].some((row) => row.has(field))),
  )
  return { rewrite, mergesFields: rewrite !== 'both' && hasBoth }
}
