import { bucketState } from './bucket.ts'
import { isFull } from './commit-slice.ts'
import { circumstancesOf, type NamespaceContext } from './circumstances.ts'
import { planLive } from './entry-plan.ts'
import type { Identity } from './identity.ts'
import { loadBuckets } from './slice.ts'

/**
 * Gives those who are not asked a place in their ledger, as of a first look that found nothing yet: from there on the
 * daily audit reads what they skip, and whoever wakes is read from there. Fingerprints of those that a poll has to ask
 * all the same: of what they did before that first look, neither AWS's list of who was active nor an audit says anything.
 */
export async function registerAsleep(
  shared: NamespaceContext,
  asleep: readonly Identity[],
): Promise<ReadonlySet<string>> {
  const { context, place, nowMs } = shared
  const behind = new Set<string>()
  for (const identities of Map.groupBy(asleep, ({ bucket }) => bucket).values()) {
    const works = identities.map((identity) => ({ identity, purpose: 'live' as const }))
    // One bucket after the other: a ledger is read and let go.
    const { stateOf } = await loadBuckets(shared, works)
    let isChanged = false
    for (const work of works) {
      const { identity } = work
      const state = stateOf(identity.bucket)
      if (state.entries.has(identity.fingerprint)) continue
      const met = planLive(work, undefined, circumstancesOf(shared, identity, state))
      if (met === undefined) continue
      state.entries.set(identity.fingerprint, met.base)
      if (met.base.gaps.length > 0) behind.add(identity.fingerprint)
      isChanged = true
    }
    const [first] = identities
    if (!isChanged || first === undefined) continue
    try {
      await context.commit({ points: [], state: bucketState(place, stateOf(first.bucket), nowMs) })
    } catch (error) {
      // Without a place they are met by the audit or when they wake; who is awake must not wait for them.
      if (!isFull(error)) throw error
      return behind
    }
  }
  return behind
}
