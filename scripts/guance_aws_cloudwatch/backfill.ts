import {
  alignDown,
  type EpochMs,
  formatWindow,
  MINUTE_MS,
  splitWindow,
  type Window,
} from 'guance-aws-lambda/dff'
import type { NamespaceContext } from './circumstances.ts'
import type { OldWork } from './entry-plan.ts'
import type { Identity } from './identity.ts'
import type { LiveResult } from './live.ts'
import { collectSlice, type SliceResult } from './slice.ts'
import type { Tally } from './tally.ts'
import { endAt, MAX_LOOKBACK_MS, REPAIR_CHUNK_MS } from './window.ts'
import { sliceWorks } from './works.ts'

/** The part of a window of which CloudWatch has one-minute data. */
function collectable(window: Window, nowMs: EpochMs): Window {
  return {
    startMs: Math.max(alignDown(window.startMs, MINUTE_MS), endAt(nowMs, MAX_LOOKBACK_MS)),
    endMs: alignDown(Math.min(window.endMs, nowMs), MINUTE_MS),
  }
}

/** A window asked for by hand as works in slices, its oldest chunk first. */
export function* sliceBackfill(
  identities: readonly Identity[],
  window: Window,
  nowMs: EpochMs,
): Generator<readonly OldWork[]> {
  for (const chunk of splitWindow(collectable(window, nowMs), REPAIR_CHUNK_MS)) {
    yield* sliceWorks(
      identities.map((identity) => ({ identity, purpose: 'backfill' as const, window: chunk })),
    )
  }
}

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
  const asked = collectable(window, nowMs)
  if (asked.startMs > window.startMs) tally.lostMs += asked.startMs - window.startMs
  context.log(`${place.scope}: ${place.namespace}: backfill of ${formatWindow(asked)}`)
  const results: SliceResult[] = []
  for (const slice of sliceBackfill(identities, window, nowMs)) {
    // One slice after the other: that is what bounds memory.
    results.push(await collectSlice(shared, slice, tally))
  }
  return {
    requests: results.reduce((sum, { requests }) => sum + requests, 0),
    slices: results.length,
    failed: results.filter(({ hasWorked }) => !hasWorked).length,
    behind: [],
  }
}
