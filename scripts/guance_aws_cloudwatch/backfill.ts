import {
  alignDown,
  type EpochMs,
  formatTime,
  formatWindow,
  MINUTE_MS,
  splitWindow,
  type Window,
} from 'guance-aws-lambda/dff'
import { cutBeyond, oldestOf } from './beyond.ts'
import type { NamespaceContext } from './circumstances.ts'
import { intervalAt } from './degrade.ts'
import type { OldWork } from './entry-plan.ts'
import type { Identity } from './identity.ts'
import type { LiveResult } from './live.ts'
import { isEnding } from './run-time.ts'
import { collectSlice, type SliceResult } from './slice.ts'
import type { Tally } from './tally.ts'
import { nowOf, REPAIR_CHUNK_MS } from './window.ts'
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

/** A backfill holds the lease, so that ticks are skipped: as often as they come by default it does their work. */
const LIVE_EVERY_MS = 5 * MINUTE_MS

interface Backfill {
  readonly identities: readonly Identity[]
  readonly window: Window
  readonly tally: Tally
  /** The live part of a poll. */
  readonly poll: (shared: NamespaceContext) => Promise<unknown>
  /** What the budget gives up. */
  readonly level: number
}

/** Collects what is due whenever a tick would have, for as long as the backfill goes on. */
function makeLive(shared: NamespaceContext, { poll, level }: Backfill) {
  const { context, region, known } = shared
  const everyMs = intervalAt(level, LIVE_EVERY_MS)
  let lastMs = context.elapsedMs()
  return async (): Promise<void> => {
    const elapsedMs = context.elapsedMs()
    // Before the first poll there is nothing to go on with.
    if (known === undefined || elapsedMs - lastMs < everyMs) return
    lastMs = elapsedMs
    const nowMs = nowOf(context.triggerTimeMs + elapsedMs, region.clock.awsNowMs())
    await poll({ ...shared, nowMs })
  }
}

function reportUnfinished(
  { context, place }: NamespaceContext,
  { startMs, endMs }: Window,
  askedStartMs: EpochMs,
): void {
  context.report({
    code: 'backfill-unfinished',
    severity: 'warning',
    scope: `${place.scope}/${place.namespace}`,
    message: `The task's time is over with the backfill done from ${formatTime(askedStartMs)} to ${formatTime(startMs)}. Go on with --backfill ${formatTime(startMs)}..${formatTime(endMs)}.`,
  })
}

/**
 * A window asked for by hand: every identity, every final minute that the sink's rewriting allows. Its watermarks stay.
 * What does not fit in the task's time is named.
 */
export async function collectBackfill(shared: NamespaceContext, backfill: Backfill): Promise<LiveResult> {
  const { context, place } = shared
  const { identities, window, tally } = backfill
  const asked = collectable(window, shared)
  tally.addBeyond(cutBeyond([wholeMinutesOf(window, shared.nowMs)], shared))
  context.log(`${place.scope}: ${place.namespace}: backfill of ${formatWindow(asked)}`)
  const collectTicks = makeLive(shared, backfill)
  const results: SliceResult[] = []
  for (const slice of sliceBackfill(identities, window, shared)) {
    if (isEnding(context)) {
      const startMs = slice[0]?.window.startMs ?? asked.startMs
      reportUnfinished(shared, { ...asked, startMs }, asked.startMs)
      break
    }
    // One slice after the other: that is what bounds memory.
    results.push(await collectSlice(shared, slice, tally))
    await collectTicks()
  }
  return {
    requests: results.reduce((sum, { requests }) => sum + requests, 0),
    slices: results.length,
    failed: results.filter(({ hasWorked }) => !hasWorked).length,
    behind: [],
  }
}
