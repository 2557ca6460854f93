import { DAY_MS, type EpochMs, HOUR_MS } from 'guance-aws-lambda/dff'
import { loadLedger } from './bucket.ts'
import type { NamespaceContext } from './circumstances.ts'
import type { OldWork } from './entry-plan.ts'
import { BUCKETS, type Identity } from './identity.ts'
import { collectSlice } from './slice.ts'
import type { Tally } from './tally.ts'
import { endAt } from './window.ts'
import { sliceWorks } from './works.ts'

/** At most; as a rule the 30 hours whose digests are kept. */
const AUDIT_MS = 48 * HOUR_MS

/** Buckets of one poll: the datapoints of an audit are many, and after an outage all of them are due. */
const MAX_BUCKETS = 8

/** A metric that does not come complete would have its bucket audited, and billed, at every poll. */
const RETRY_MS = HOUR_MS

/** The audit of some identities, as works in slices. */
export function sliceAudit(identities: readonly Identity[], nowMs: EpochMs): readonly (readonly OldWork[])[] {
  const window = { startMs: endAt(nowMs, AUDIT_MS), endMs: nowMs }
  return sliceWorks(identities.map((identity) => ({ identity, purpose: 'audit' as const, window })))
}

/**
 * Buckets to audit now, the longest overdue first: one, and where polls are rarer than every 22 minutes as many more as
 * it takes for all of them to have their turn in a day.
 */
async function listDue(
  { context, place, nowMs }: NamespaceContext,
  buckets: ReadonlySet<number>,
): Promise<readonly number[]> {
  const due: { readonly bucket: number; readonly overdueMs: number }[] = []
  for (const bucket of buckets) {
    // One after the other: a ledger is read and let go.
    const ledger = await loadLedger(context, place, bucket)
    if (ledger === undefined || ledger.triedMs > nowMs - RETRY_MS) continue
    const overdueMs = nowMs - DAY_MS - ledger.auditedMs
    if (overdueMs >= 0) due.push({ bucket, overdueMs })
  }
  const sorted = due.toSorted((left, right) => right.overdueMs - left.overdueMs)
  const count = Math.ceil(((sorted[0]?.overdueMs ?? 0) * BUCKETS) / DAY_MS)
  return sorted.slice(0, Math.min(MAX_BUCKETS, Math.max(1, count))).map(({ bucket }) => bucket)
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
  for (const bucket of await listDue(shared, new Set(identities.map((identity) => identity.bucket)))) {
    // One bucket after the other: that is what bounds memory.
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
