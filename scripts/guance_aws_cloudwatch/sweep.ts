import { DAY_MS } from 'guance-aws-lambda/dff'
import { bucketState, forgetGone, forgetLongest, loadBucket } from './bucket.ts'
import type { NamespaceContext } from './circumstances.ts'
import { BUCKETS, fingerprintOf, type Identity } from './identity.ts'
import { hasTime } from './run-time.ts'

/** Nothing of it is needed sooner, and reading all buckets at every poll would cost a small account more than its poll. */
const SWEEP_EVERY_MS = DAY_MS

/**
 * Once a day forgets in all buckets what AWS lists no more, also in those of which it lists nothing: a function that comes
 * back after weeks would else be taken for one that was not collected meanwhile. When it was done; as before when not due.
 */
export async function sweepBuckets(
  shared: NamespaceContext,
  identities: readonly Identity[],
): Promise<number> {
  const { context, place, nowMs, listed, known } = shared
  const sweptMs = known?.sweptMs ?? known?.sinceMs ?? nowMs
  if (nowMs - sweptMs < SWEEP_EVERY_MS || !hasTime(context, true)) return sweptMs
  const names = new Set(identities.map(({ name }) => fingerprintOf(name ?? '')))
  const inUse = new Set(identities.map(({ bucket }) => bucket))
  for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
    // One after the other: a bucket is read and let go.
    const state = await loadBucket(context, place, { bucket, nowMs })
    const isLonger = forgetLongest(state, names)
    if (inUse.has(bucket) ? !isLonger : state.entries.size === 0 && !isLonger && !state.book.isStored())
      continue
    forgetGone(state, listed, nowMs)
    // Nothing is left there to be audited, which is what its digests would wait for.
    if (!inUse.has(bucket)) state.auditedMs = nowMs
    await context.commit({ points: [], state: bucketState(place, state, nowMs) })
  }
  return nowMs
}
