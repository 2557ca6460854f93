import { DAY_MS, type EpochMs, HOUR_MS, type Window } from 'guance-aws-lambda/dff'
import { loadLedger } from './bucket.ts'
import type { NamespaceContext } from './circumstances.ts'
import { digestRanges, type DigestsKept } from './digest-ranges.ts'
import type { OldWork } from './entry-plan.ts'
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

/** The audit of some identities over one range of digests, as works in slices. */
export function sliceAudit(
  identities: readonly Identity[],
  range: Window,
  nowMs: EpochMs,
): readonly (readonly OldWork[])[] {
  const window = { startMs: range.startMs, endMs: Math.min(range.endMs, nowMs) }
  return sliceWorks(identities.map((identity) => ({ identity, purpose: 'audit' as const, window })))
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
): Promise<readonly string[]> {
  const before = tally.waiting
  const behind = new Set<string>()
  for (const [turn, range] of kept.entries()) {
    const slices = sliceAudit(identities, range, shared.nowMs)
    for (const [index, slice] of slices.entries()) {
      const isLast = turn === kept.length - 1 && index === slices.length - 1
      const endsAudit = isLast && tally.waiting === before
      // One slice after the other: that is what bounds memory.
      const result = await collectSlice(
        shared,
        slice.map((work) => ({ ...work, endsAudit })),
        tally,
      )
      for (const { work } of result.behind) behind.add(work.identity.fingerprint)
    }
  }
  return [...behind]
}

/**
 * Reads the last 30 hours of the buckets whose turn it is and compares with what was published: one billed metric more
 * a day per series. Differences are written or told by the same rules as ever. Who has gaps or holes left that can be
 * filled now, by fingerprint.
 */
export async function auditBuckets(
  shared: NamespaceContext,
  identities: readonly Identity[],
  tally: Tally,
): Promise<readonly string[]> {
  const { nowMs, known } = shared
  // Nothing can have changed before the first poll.
  if (known === undefined) return []
  const behind: string[] = []
  const byBucket = Map.groupBy(identities, ({ bucket }) => bucket)
  for (const [turn, { bucket, ledger }] of (await listDue(shared, [...byBucket.keys()])).entries()) {
    if (!hasTime(shared.context, turn === 0)) break
    const kept = digestRanges(ledger, nowMs)
    behind.push(...(await auditBucket(shared, byBucket.get(bucket) ?? [], { kept, tally })))
  }
  return behind
}
