import { alignDown, formatWindow, MINUTE_MS, splitWindow, type Window } from 'guance-aws-lambda/dff'
import type { NamespaceContext } from './circumstances.ts'
import type { Identity } from './identity.ts'
import type { LiveResult } from './live.ts'
import { collectSlice, type SliceResult } from './slice.ts'
import type { Tally } from './tally.ts'
import { endAt, MAX_LOOKBACK_MS, REPAIR_CHUNK_MS } from './window.ts'
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
  const { context, place, nowMs } = shared
  const oldestMs = endAt(nowMs, MAX_LOOKBACK_MS)
  const asked = {
    startMs: Math.max(alignDown(window.startMs, MINUTE_MS), oldestMs),
    endMs: alignDown(Math.min(window.endMs, nowMs), MINUTE_MS),
  }
  if (asked.startMs > window.startMs) tally.lostMs += asked.startMs - window.startMs
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
