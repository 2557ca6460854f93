import type { StoredValue } from './stored-point.ts'

/**
 * What a store does when the same series and time is written again. Guance does not document it; `last` is what InfluxDB
 * does: the newest value of a field wins. `max` keeps the greater one; `both` keeps every line, so that a sum doubles.
 */
export const REWRITES = ['last', 'max', 'both'] as const
export type RewriteName = (typeof REWRITES)[number]

/** How the receiver's store treats a second line. */
export interface Rewriting {
  readonly rewrite: RewriteName
  /** Whether fields that only the first line has stay; `both` keeps both lines whatever this says. */
  readonly mergesFields: boolean
}

export const DEFAULT_REWRITING: Rewriting = { rewrite: 'last', mergesFields: true }

function add(held: StoredValue, written: StoredValue): StoredValue {
  return typeof held === 'number' && typeof written === 'number' ? held + written : written
}

function greater(held: StoredValue, written: StoredValue): StoredValue {
  return typeof held === typeof written && held > written ? held : written
}

/** What a query that adds a field up finds after a second write. */
export function rewriteValue(rewrite: RewriteName, held: StoredValue, written: StoredValue): StoredValue {
  if (rewrite === 'last') return written
  return rewrite === 'max' ? greater(held, written) : add(held, written)
}
