import { DAY_MS, type EpochMs, SECOND_MS } from 'guance-aws-lambda/dff'
import type { Inventory, InventoryEntry } from 'guance-aws-lambda/sets/guance_integration'
import { bucketOf, type DetailBook } from './detail-book.ts'

/**
 * A twentieth of the 15 requests a second that AWS allows the whole account (aws.md §3.2), as a mean over the time between
 * runs: no run lasts long for it.
 */
const CALLS_PER_SEC = 0.8

/** Of one run, however long ago the last one was: 80 seconds at the rate that the region's limit allows. */
const MAX_CALLS = 240

/** Where so many functions wait, a twentieth would take days of 10,000: a tenth is through with them in nine hours. */
const MANY = 500
const CALLS_PER_SEC_OF_MANY = 1.5
const MAX_CALLS_OF_MANY = 450

/** Concurrency, URL or recursion change without a new revision: a day late is early enough for what one looks up. */
const REFRESH_MS = DAY_MS

/** About what one function takes. */
const CALLS_PER_FUNCTION = 5

/** How many calls a run may make for so many functions that wait, by when the last one was. The first makes none: somebody waits for it. */
export function allowedCalls(lastMs: EpochMs | undefined, nowMs: EpochMs, waiting: number): number {
  if (lastMs === undefined || nowMs <= lastMs) return 0
  const isMany = waiting > MANY
  const perSec = isMany ? CALLS_PER_SEC_OF_MANY : CALLS_PER_SEC
  return Math.min(isMany ? MAX_CALLS_OF_MANY : MAX_CALLS, Math.floor(((nowMs - lastMs) / SECOND_MS) * perSec))
}

/** Twice as long as reading all of them takes: with very many, the first ones must not come round before the last ones. */
function refreshMs(functions: number): number {
  return Math.max(REFRESH_MS, (2 * functions * CALLS_PER_FUNCTION * SECOND_MS) / CALLS_PER_SEC)
}

/**
 * Functions to be read, best first: those that were never read or have another revision since, then those read long ago.
 * Neighbours of one bucket follow each other, so that a commit writes few buckets.
 */
export function dueFunctions(
  { entries }: Pick<Inventory, 'entries'>,
  book: Pick<DetailBook, 'get'>,
  nowMs: EpochMs,
): readonly InventoryEntry[] {
  const oldestMs = nowMs - refreshMs(entries.length)
  const ranked = entries.flatMap((entry) => {
    if (entry.isExcluded === true) return []
    const { revisionId, readMs } = book.get(entry.name) ?? {}
    const isNew = readMs === undefined || revisionId !== entry.revisionId
    // Read in the future: under a clock that was wrong.
    const isOld = readMs !== undefined && (readMs <= oldestMs || readMs > nowMs)
    return isNew || isOld ? [{ entry, rank: isNew ? 0 : 1, bucket: bucketOf(entry.name) }] : []
  })
  return ranked
    .toSorted((left, right) => left.rank - right.rank || left.bucket - right.bucket)
    .map(({ entry }) => entry)
}
