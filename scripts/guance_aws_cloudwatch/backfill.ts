import {
  alignDown,
  type EpochMs,
  formatWindow,
  MINUTE_MS,
  splitWindow,
  type Window,
} from 'guance-aws-lambda/dff'
import { cutBeyond, oldestOf } from './beyond.ts'
import type { NamespaceContext } from './circumstances.ts'
import type { OldWork } from './entry-plan.ts'
import type { Identity } from './identity.ts'
import type { LiveResult } from './live.ts'
import { collectSlice, type SliceResult } from './slice.ts'
import type { Tally } from './tally.ts'
import { REPAIR_CHUNK_MS } from './window.ts'
import { sliceWorks } from './works.ts'

type Bounds = Pick<NamespaceContext, 'nowMs' | 'sink'>

function wholeMinutesOf(window: Window, nowMs: EpochMs): Window {
  return {
    startMs: alignDown(window.startMs, MINUTE_MS),
    endMs: alignDown(Math.min(window.endMs, nowMs), MINUTE_MS),
  }
}

/** The part of a window that CloudWatch still has by the minute and the store takes. */
function collectable(window: Window, { nowMs, sink }: Bounds): Window {
  const { startMs, endMs } = wholeMinutesOf(window, nowMs)
  return { startMs: Math.max(startMs, Math.min(oldestOf(nowMs, sink), endMs)), endMs }
}

/** A window asked for by hand as works in slices, its oldest chunk first. */
export function* sliceBackfill(
  identities: readonly Identity[],
  window: Window,
  bounds: Bounds,
): Generator<readonly OldWork[]> {
  for (const chunk of splitWindow(collectable(window, bounds), REPAIR_CHUNK_MS)) {
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
  const { context, place } = shared
  const asked = collectable(window, shared)
  tally.addBeyond(cutBeyond([wholeMinutesOf(window, shared.nowMs)], shared))
  context.log(`${place.scope}: ${place.namespace}: backfill of ${formatWindow(asked)}`)
  const results: SliceResult[] = []
  for (const slice of sliceBackfill(identities, window, shared)) {
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
