import type { EpochMs, SinkTraits } from 'guance-aws-lambda/dff'
import { gatePer } from 'guance-aws-lambda/sets/guance_integration'
import { askLongest } from './ask-longest.ts'
import { type BucketState, loadBucket } from './bucket.ts'
import { circumstancesOf, type NamespaceContext } from './circumstances.ts'
import { concludePlan, isOpen } from './conclude.ts'
import { commitSlice } from './commit-slice.ts'
import { type EntryPlan, planLive, planOld, type Work } from './entry-plan.ts'
import type { QueryOutcome } from './fetch.ts'
import { fetchPlans } from './fetch-plans.ts'
import { loadOtherTier } from './load-other-tier.ts'
import { nextToRepair } from './repair-chunk.ts'
import type { Entry } from './ledger.ts'
import type { Dimension } from './series.ts'
import type { Tally } from './tally.ts'
import { PERIOD_SEC } from './window.ts'
import { MAX_DATAPOINTS } from './works.ts'

/** Slices of different regions run beside each other as far as their datapoints fit in memory together. */
const datapointsOfRun = gatePer(MAX_DATAPOINTS)

export interface SliceResult {
  readonly requests: number
  readonly points: number
  /**
   * Work whose identity came complete and has gaps or holes left, with its ledger entry. One that did not come complete
   * would most likely not do so for its gap either, and be billed for it at every poll; nor would one that is Forbidden.
   */
  readonly behind: readonly { readonly work: Work; readonly entry: Entry }[]
  /** Fingerprints of those that have something left to be asked for. */
  readonly unfinished: readonly string[]
  /** Whether anything at all came complete. */
  readonly hasWorked: boolean
}

/** What a piece of work asks of an identity, given its bucket's state; undefined when nothing is due. */
export function planEntry(shared: NamespaceContext, work: Work, state: BucketState): EntryPlan | undefined {
  const { identity } = work
  const known = state.entries.get(identity.fingerprint)
  const circumstances = circumstancesOf(shared, identity, state)
  if (work.purpose === 'live') return planLive(work, known, circumstances)
  // By hand an identity may be asked for before its first poll, which then looks back as it would have.
  const base = known ?? planLive({ identity, purpose: 'live' }, undefined, circumstances)?.base
  return base === undefined ? undefined : planOld(work, base, circumstances)
}

/** Outcomes by the dimensions of their series, which all series of an identity share. */
function groupOutcomes(outcomes: readonly QueryOutcome[]) {
  const groups = new Map<readonly Dimension[], QueryOutcome[]>()
  for (const one of outcomes) {
    const { dimensions } = one.query.series
    const group = groups.get(dimensions)
    if (group === undefined) groups.set(dimensions, [one])
    else group.push(one)
  }
  return groups
}

/** The buckets of some works, as of the last commit. */
export async function loadBuckets(shared: NamespaceContext, works: readonly Work[]) {
  const numbers = [...new Set(works.map(({ identity }) => identity.bucket))]
  const { context, place, nowMs } = shared
  const states = await Promise.all(
    numbers.map(async (bucket) => {
      const state = await loadBucket(context, place, { bucket, nowMs })
      const own = works.flatMap(({ identity }) => (identity.bucket === bucket ? [identity] : []))
      const elsewhere = await loadOtherTier(shared, state, own)
      return elsewhere === undefined ? state : { ...state, elsewhere }
    }),
  )
  const byNumber = new Map(states.map((state) => [state.bucket, state]))
  return {
    states,
    stateOf: (bucket: number): BucketState => {
      const state = byNumber.get(bucket)
      if (state === undefined) throw new Error(`bucket ${bucket} is not loaded`)
      return state
    },
  }
}

function spanOf(plans: readonly EntryPlan[]): { readonly startMs: EpochMs; readonly endMs: EpochMs } {
  return {
    startMs: plans.reduce((least, { window }) => Math.min(least, window.startMs), Number.MAX_SAFE_INTEGER),
    endMs: plans.reduce((most, { window }) => Math.max(most, window.endMs), 0),
  }
}

function isUnfinished(entry: Entry | undefined, sink: SinkTraits): boolean {
  return entry === undefined || entry.waits > 0 || nextToRepair(entry, sink) !== undefined
}

/** Datapoints that the reply to some plans may hold. */
function countDatapoints(plans: readonly EntryPlan[]): number {
  return plans.reduce((sum, { asked, window }) => {
    const queries = asked.reduce((count, { statistics }) => count + statistics.length, 0)
    return sum + (queries * Math.max(0, window.endMs - window.startMs)) / (PERIOD_SEC * 1000)
  }, 0)
}

interface Loaded {
  readonly plans: readonly EntryPlan[]
  readonly states: readonly BucketState[]
  readonly stateOf: (bucket: number) => BucketState
  readonly tally: Tally
}

/** Fetches, settles and commits: what holds the datapoints of a slice in memory. */
async function settleSlice(
  shared: NamespaceContext,
  works: readonly Work[],
  { plans: planned, states, stateOf, tally }: Loaded,
) {
  const { requests, outcomes, plans } = await fetchPlans(shared, planned, tally)
  if (works[0]?.purpose === 'live') shared.activity?.add(outcomes)
  await Promise.all(states.map(async ({ book }) => book.load(shared.context, spanOf(plans))))
  const groups = groupOutcomes(outcomes)
  const waitingBefore = tally.waiting
  const points = plans.flatMap((plan) => {
    const { bucket, sample } = plan.work.identity
    const own = groups.get(sample.dimensions) ?? []
    return concludePlan(shared, { plan, outcomes: own, state: stateOf(bucket), tally })
  })
  // An audit that had nothing to decide on is done all the same.
  if (plans.length > 0 || works[0]?.purpose === 'audit') {
    const isComplete = tally.waiting === waitingBefore
    await commitSlice(shared, { works, states, points, outcomes, isComplete, tally })
  }
  const hasWorked = outcomes.length === 0 || !outcomes.every(isOpen)
  return { requests, groups, points: points.length, hasWorked }
}

/** Of some works those that have something left to repair, without what did not come or is Forbidden; and those to be asked again. */
function findLeft(
  { context }: NamespaceContext,
  works: readonly Work[],
  {
    groups,
    stateOf,
  }: {
    readonly groups: ReadonlyMap<readonly Dimension[], readonly QueryOutcome[]>
    readonly stateOf: (bucket: number) => BucketState
  },
): Pick<SliceResult, 'behind' | 'unfinished'> {
  const known = works.map((work) => {
    const own = groups.get(work.identity.sample.dimensions)
    return {
      work,
      entry: stateOf(work.identity.bucket).entries.get(work.identity.fingerprint),
      isWaiting: own?.some(isOpen) === true,
      isForbidden: own?.every(({ outcome }) => outcome.kind === 'forbidden') === true,
    }
  })
  return {
    behind: known.flatMap(({ work, entry, isWaiting, isForbidden }) => {
      if (isWaiting || isForbidden || entry === undefined || nextToRepair(entry, context.sink) === undefined)
        return []
      return [{ work, entry }]
    }),
    unfinished: known.flatMap(({ work, entry, isWaiting }) =>
      isWaiting || isUnfinished(entry, context.sink) ? [work.identity.fingerprint] : [],
    ),
  }
}

/**
 * Asks for some identities and commits their lines with their ledgers. An identity with an incomplete query stays
 * where it is, whatever the others do. Throws AwsFailure when AWS refuses, with nothing committed.
 */
export async function collectSlice(
  shared: NamespaceContext,
  works: readonly Work[],
  tally: Tally,
): Promise<SliceResult> {
  const { states, stateOf } = await loadBuckets(shared, works)
  const identities = works.map(({ identity }) => identity)
  await askLongest(shared, { identities, stateOf, tally })
  const plans = works.flatMap((work) => planEntry(shared, work, stateOf(work.identity.bucket)) ?? [])
  const { requests, groups, points, hasWorked } = await datapointsOfRun(shared.context).within(
    countDatapoints(plans),
    async () => settleSlice(shared, works, { plans, states, stateOf, tally }),
  )
  tally.points += points
  return { requests, points, ...findLeft(shared, works, { groups, stateOf }), hasWorked }
}
