import type { SinkTraits, Window } from 'guance-aws-lambda/dff'
import { fillableRanges } from './entry-outcome.ts'
import type { Entry } from './ledger.ts'
import { REPAIR_CHUNK_MS } from './window.ts'

/** Next piece of an entry's oldest gap, or of its oldest hole that can be filled; undefined when there is none. */
export function nextToRepair(entry: Entry, sink: SinkTraits): Window | undefined {
  const [oldest] = [...entry.gaps.slice(0, 1), ...fillableRanges(entry, sink).slice(0, 1)].toSorted(
    (left, right) => left.startMs - right.startMs,
  )
  if (oldest === undefined) return undefined
  return { startMs: oldest.startMs, endMs: Math.min(oldest.endMs, oldest.startMs + REPAIR_CHUNK_MS) }
}
