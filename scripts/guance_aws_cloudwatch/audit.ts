import { DAY_MS, type EpochMs, HOUR_MS } from 'guance-aws-lambda/dff'
import { loadLedger } from './bucket.ts'
import type { NamespaceContext } from './circumstances.ts'
import type { OldWork } from './entry-plan.ts'
import type { Identity } from './identity.ts'
import { collectSlice } from './slice.ts'
import type { Tally } from './tally.ts'
import { endAt } from './window.ts'
import { sliceWorks } from './works.ts'

/** At most; as a rule the 30 hours whose digests are kept. */
const AUDIT_MS = 48 * HOUR_MS

/** The datapoints of an audit are many: one bucket a run is 64 in five hours. */
const MAX_BUCKETS = 1

/** A metric that does not come complete would have its bucket audited, and billed, at every poll. */
const RETRY_MS = HOUR_MS

/** The audit of some identities, as works in slices. */
export function sliceAudit(identities: readonly Identity[], nowMs: EpochMs): readonly (readonly OldWork[])[] {
  const window = { startMs: endAt(nowMs, AUDIT_MS), endMs: nowMs }
  return sliceWorks(identities.map((identity) => ({ identity, purpose: 'audit' as const, window })))
}

async function isDue({ context, place, nowMs }: NamespaceContext, bucket: number): Promise<boolean> {
  const ledger = await loadLedger(context, place, bucket)
  return ledger !== undefined && ledger.auditedMs <= nowMs - DAY_MS && ledger.triedMs <= nowMs - RETRY_MS
}

/**
 * Reads the last 30 hours of the buckets whose turn it is and compares with what was published: one billed metric more
 * a day per series. Differences are written or told by the same rules as ever.
 */
export async function auditBuckets(
  shared: NamespaceContext,
  identities: readonly Identity[],
  tally: Tally,
): Promise<void> {
  const { nowMs, known } = shared
  // Nothing can have changed before the first poll.
  if (known === undefined) return
  let audited = 0
  for (const bucket of new Set(identities.map((identity) => identity.bucket))) {
    if (audited >= MAX_BUCKETS) return
    // One bucket after the other: that is what bounds memory.
    if (!(await isDue(shared, bucket))) continue
    audited += 1
    const slices = sliceAudit(
      identities.filter((identity) => identity.bucket === bucket),
      nowMs,
    )
    const before = tally.waiting
    for (const [index, slice] of slices.entries()) {
      // One that did not come complete is made again after an hour, while the digests reach.
      const endsAudit = index === slices.length - 1 && tally.waiting === before
      await collectSlice(
        shared,
        slice.map((work) => ({ ...work, endsAudit })),
        tally,
      )
    }
  }
}
