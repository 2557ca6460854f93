import { DAY_MS, HOUR_MS, type Window } from 'guance-aws-lambda/dff'
import { loadLedger } from './bucket.ts'
import type { NamespaceContext } from './circumstances.ts'
import { digestRanges, type DigestsKept } from './digest-ranges.ts'
import { BUCKETS, type Identity } from './identity.ts'
import { hasTime } from './run-time.ts'
import { collectSlice } from './slice.ts'
import type { Tally } from './tally.ts'
import { sliceWorks } from './works.ts'

/** Buckets of one poll: the datapoints of an audit are many, and after an outage all of them are due. */
const MAX_BUCKETS = 8

/** A metric that does not come complete would have its bucket audited, and billed, at every poll. */
const RETRY_MS = HOUR_MS

interface Due {
  readonly bucket: number
  readonly overdueMs: number
  readonly ledger: DigestsKept
}

/**
 * Buckets to audit now, the longest overdue first: one, and where polls are rarer than every 22 minutes as many more as
 * it takes for all of them to have their turn in a day.
 */
async function listDue(
  { context, place, nowMs }: NamespaceContext,
  buckets: readonly number[],
): Promise<readonly Due[]> {
  const due: Due[] = []
  for (const bucket of buckets) {
    // One after the other: a ledger is read and let go.
    const ledger = await loadLedger(context, place, bucket)
    if (ledger === undefined || ledger.triedMs > nowMs - RETRY_MS) continue
    const overdueMs = nowMs - DAY_MS - ledger.auditedMs
    const { kept, auditedMs, polledMs } = ledger
    if (overdueMs >= 0) due.push({ bucket, overdueMs, ledger: { kept, auditedMs, polledMs } })
  }
  const sorted = due.toSorted((left, right) => right.overdueMs - left.overdueMs)
  const count = Math.ceil(((sorted[0]?.overdueMs ?? 0) * BUCKETS) / DAY_MS)
  return sorted.slice(0, Math.min(MAX_BUCKETS, Math.max(1, count)))
}

/** Reads what has digests of one bucket, range by range; a bucket that did not come complete is read again after an hour, while they reach. */
async function auditBucket(
  shared: NamespaceContext,
  identities: readonly Identity[],
  { kept, tally }: { readonly kept: readonly Window[]; readonly tally: Tally },
): Promise<void> {
  const before = tally.waiting
  for (const [turn, range] of kept.entries()) {
    const window = { startMs: range.startMs, endMs: Math.min(range.endMs, shared.nowMs) }
    const slices = sliceWorks(identities.map((identity) => ({ identity, purpose: 'audit' as const, window })))
    for (const [index, slice] of slices.entries()) {
      const isLast = turn === kept.length - 1 && index === slices.length - 1
      const endsAudit = isLast && tally.waiting === before
      // One slice after the other: that is what bounds memory.
      await collectSlice(
        shared,
        slice.map((work) => ({ ...work, endsAudit })),
        tally,
      )
    }
  }
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
  const byBucket = Map.groupBy(identities, ({ bucket }) => bucket)
  for (const [turn, { bucket, ledger }] of (await listDue(shared, [...byBucket.keys()])).entries()) {
    if (!hasTime(shared.context, turn === 0)) return
    await auditBucket(shared, byBucket.get(bucket) ?? [], { kept: digestRanges(ledger, nowMs), tally })
  }
}
