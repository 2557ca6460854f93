import { formatTime, type SinkTraits, type Window } from 'guance-aws-lambda/dff'
import type { NamespaceContext } from './circumstances.ts'
import type { Work } from './entry-plan.ts'
import { nextToRepair } from './repair-chunk.ts'
import { hasTime } from './run-time.ts'
import { collectSlice, type SliceResult } from './slice.ts'
import type { Tally } from './tally.ts'
import { sliceWorks } from './works.ts'

/** Requests of one run for old gaps, per request of its live part: a store and a quota that just came back are not flooded. */
const REQUESTS_PER_LIVE = 4
const MIN_REQUESTS = 40

function repairsOf(
  behind: SliceResult['behind'],
  sink: SinkTraits,
): readonly (Work & { readonly window: Window })[] {
  const works = behind.flatMap(({ work, entry }) => {
    const window = nextToRepair(entry, sink)
    return window === undefined ? [] : [{ identity: work.identity, purpose: 'repair' as const, window }]
  })
  return works.toSorted((left, right) => left.window.startMs - right.window.startMs)
}

export interface Repair {
  readonly behind: SliceResult['behind']
  readonly liveRequests: number
  readonly tally: Tally
}

/** Those that got on by a chunk; one whose queries do not come complete waits for the next run. */
function progressOf(
  before: SliceResult['behind'],
  after: SliceResult['behind'],
  sink: SinkTraits,
): SliceResult['behind'] {
  const starts = new Map(before.map(({ work, entry }) => [work.identity, nextToRepair(entry, sink)?.startMs]))
  return after.filter(({ work, entry }) => starts.get(work.identity) !== nextToRepair(entry, sink)?.startMs)
}

/** Fills gaps behind live traffic, oldest first, as far as the run's share of requests and of time goes; the rest waits for the next run. */
export async function repairGaps(
  shared: NamespaceContext,
  { behind, liveRequests, tally }: Repair,
): Promise<void> {
  const { context, place, sink } = shared
  const most = Math.max(MIN_REQUESTS, REQUESTS_PER_LIVE * liveRequests)
  let left = most
  let open = behind
  while (open.length > 0 && left > 0) {
    const works = repairsOf(open, sink)
    context.log(
      `${place.scope}: ${place.namespace}: repairs gaps of ${works.length} from ${formatTime(works[0]?.window.startMs ?? 0)} on`,
    )
    const after: SliceResult['behind'][number][] = []
    for (const slice of sliceWorks(works)) {
      if (left <= 0 || !hasTime(context, left === most)) return
      // Oldest first: what is about to be too old must not wait.
      const result = await collectSlice(shared, slice, tally)
      left -= Math.max(1, result.requests)
      after.push(...result.behind)
    }
    // Nothing is committed in debug: the same chunks would come back.
    if (context.debug) return
    open = progressOf(open, after, sink)
  }
}
