import { DffError, type Json, type Point } from 'guance-aws-lambda/dff'
import { bucketState, type BucketState, forgetGone } from './bucket.ts'
import type { NamespaceContext } from './circumstances.ts'
import { deliveredState } from './delivered.ts'
import { lastHours } from './digest-ranges.ts'
import type { Work } from './entry-plan.ts'
import type { QueryOutcome } from './fetch.ts'
import type { Tally } from './tally.ts'

/** What a slice came to. */
interface Commit {
  readonly works: readonly Work[]
  readonly states: readonly BucketState[]
  readonly points: readonly Point[]
  readonly outcomes: readonly QueryOutcome[]
  readonly isComplete: boolean
  readonly tally: Tally
}

/** Hours of digests to go on with when the host has no room for all; with less than two a re-read line could not be compared. */
const SHORTER_HOURS = [16, 8, 4, 2]

/** Whether the host refused a commit for want of room. */
export function isFull(error: unknown): boolean {
  return error instanceof DffError && error.code === 'STATE_FULL'
}

/**
 * Commits with as many digests as there is room for: points and watermarks go first, and what is not remembered of
 * published lines is only not corrected. Rejects as `commit` does.
 */
async function commitWithRoom(
  { context, place, nowMs }: NamespaceContext,
  { states, points, tally }: Commit,
  further: Readonly<Record<string, Json>>,
): Promise<void> {
  for (const hours of [undefined, ...SHORTER_HOURS]) {
    if (hours !== undefined) for (const one of states) one.kept = lastHours(one.kept, hours, nowMs)
    const buckets = states.map((state) => bucketState(place, state, nowMs))
    const state: Record<string, Json> = Object.assign({}, ...buckets, further)
    try {
      await context.commit({ points, state })
      if (hours !== undefined) tally.addShortened(hours)
      return
    } catch (error) {
      if (!isFull(error) || hours === SHORTER_HOURS.at(-1)) throw error
    }
  }
}

/** Commits points with the buckets they stand for. */
export async function commitSlice(shared: NamespaceContext, commit: Commit): Promise<void> {
  const { nowMs, region, listed } = shared
  const { works, states, outcomes, isComplete } = commit
  const purpose = works[0]?.purpose
  const isAudited = works.some((work) => work.purpose !== 'live' && work.endsAudit) && isComplete
  for (const state of states) {
    forgetGone(state, listed, nowMs)
    if (purpose === 'live') state.polledMs = nowMs
    if (purpose === 'audit') state.triedMs = nowMs
    if (isAudited) state.auditedMs = nowMs
  }
  const delivered = new Set(shared.delivered)
  const fields = deliveredState(region, delivered, outcomes)
  await commitWithRoom(shared, commit, { ...fields, ...shared.accountState })
  for (const field of delivered) shared.delivered.add(field)
}
