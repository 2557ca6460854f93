import { alignDown, formatWindow, MINUTE_MS, splitWindow, type Window } from 'guance-aws-lambda/dff'
import { cutBeyond, oldestOf } from './beyond.ts'
import type { NamespaceContext } from './circumstances.ts'
import type { Identity } from './identity.ts'
import type { LiveResult } from './live.ts'
import { collectSlice, type SliceResult } from './slice.ts'
import type { Tally } from './tally.ts'
import { REPAIR_CHUNK_MS } from './window.ts'
import { sliceWorks } from './works.ts'

interface Backfill {
  readonly identities: readonly Identity[]
  readonly window: Window
  readonly tally: Tally
}

/** A window asked for by hand: every identity, every final minute that the sink's rewriting allows. Watermarks stay. */
export async function collectBackfill(
  shared: NamespaceContext,
  { identities, window, tally }: Backfill,
): Promise<LiveResult> {
  const { context, place, nowMs, sink } = shared
  const wanted = {
    startMs: alignDown(window.startMs, MINUTE_MS),
    endMs: alignDown(Math.min(window.endMs, nowMs), MINUTE_MS),
  }
  const oldestMs = Math.min(oldestOf(nowMs, sink), wanted.endMs)
  const asked = { ...wanted, startMs: Math.max(wanted.startMs, oldestMs) }
  tally.addBeyond(cutBeyond([wanted], shared))
  context.log(`${place.scope}: ${place.namespace}: backfill of ${formatWindow(asked)}`)
  const results: SliceResult[] = []
  for (const chunk of splitWindow(asked, REPAIR_CHUNK_MS)) {
    const works = identities.map((identity) => ({ identity, purpose: 'backfill' as const, window: chunk }))
    // Oldest chunk first, one slice after the other: that is what bounds memory.
    for (const slice of sliceWorks(works)) results.push(await collectSlice(shared, slice, tally))
  }
  return {
    requests: results.reduce((sum, { requests }) => sum + requests, 0),
    slices: results.length,
    failed: results.filter(({ hasWorked }) => !hasWorked).length,
    behind: [],
  }
}
