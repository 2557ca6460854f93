import {
  DAY_MS,
  type EpochMs,
  HOUR_MS,
  type Json,
  type RunContext,
  type SinkTraits,
  type Window,
} from 'guance-aws-lambda/dff'
import { DIGEST_HOURS } from './digest.ts'
import { DigestBook } from './digest-book.ts'
import { digestRanges, type DigestsKept, lastHours } from './digest-ranges.ts'
import { BUCKETS } from './identity.ts'
import { decodeLedger, encodeLedger, type Entry, type Ledger } from './ledger.ts'
import { type Longest, recentOf } from './longest.ts'
import type { OtherTier } from './other-tier.ts'
import { ledgerKey, longestKey, type Place } from './state-keys.ts'

/** State of one bucket while a slice works on it. */
export interface BucketState {
  readonly bucket: number
  readonly entries: Map<string, Entry>
  readonly book: DigestBook
  /** By fingerprint of the function's name; an empty list says that AWS was asked and knows of none. */
  readonly longest: Map<string, Longest>
  /** The minutes whose digests are kept, as of now. */
  kept: readonly Window[]
  /** What the other tier knows of those who may have come from it. */
  readonly elsewhere?: ReadonlyMap<string, OtherTier>
  /** The store that gets what is written. */
  readonly store: string | undefined
  auditedMs: EpochMs
  triedMs: EpochMs
  polledMs: EpochMs
  isLongestChanged: boolean
}

/** Spreads the audits of the buckets over the day. */
function firstAudit(bucket: number, nowMs: EpochMs): EpochMs {
  return nowMs - (bucket / BUCKETS) * DAY_MS
}

export async function loadLedger(
  context: RunContext,
  place: Place,
  bucket: number,
): Promise<Ledger | undefined> {
  return decodeLedger(await context.load(ledgerKey(place, bucket)))
}

/** The minutes whose digests tell what the store of today holds: of another one nobody knows what it does. */
function keptOf(
  ledger: Ledger | undefined,
  known: Omit<DigestsKept, 'kept'>,
  { sink, nowMs }: Now,
): readonly Window[] {
  const kept = digestRanges({ ...known, kept: ledger?.kept }, nowMs)
  const isOther = ledger?.store !== undefined && sink.store !== undefined && ledger.store !== sink.store
  return isOther ? lastHours(kept, 0, nowMs) : kept
}

interface Now {
  readonly sink: Pick<SinkTraits, 'store'>
  readonly nowMs: EpochMs
}

/** Loads what the host holds as of the last commit. */
export async function loadBucket(
  context: RunContext,
  place: Place,
  { bucket, nowMs }: { readonly bucket: number; readonly nowMs: EpochMs },
): Promise<BucketState> {
  const [ledger, longest] = await Promise.all([
    loadLedger(context, place, bucket),
    context.load(longestKey(place, bucket)),
  ])
  const auditedMs = ledger?.auditedMs ?? firstAudit(bucket, nowMs)
  const polledMs = ledger?.polledMs ?? nowMs
  const { sink } = context
  return {
    bucket,
    entries: new Map(ledger?.entries),
    book: new DigestBook(place, bucket, ledger?.hours ?? []),
    // Written by bucketState alone.
    longest: new Map(Object.entries((longest ?? {}) as unknown as Record<string, Longest>)),
    kept: keptOf(ledger, { auditedMs, polledMs }, { sink, nowMs }),
    store: sink.store ?? ledger?.store,
    auditedMs,
    triedMs: ledger?.triedMs ?? 0,
    polledMs,
    isLongestChanged: false,
  }
}

/** Forgets how long functions ran that AWS no longer lists: one that comes back is asked for once more. Whether there were any. */
export function forgetLongest(state: BucketState, listedNames: ReadonlySet<string>): boolean {
  const gone = [...state.longest.keys()].filter((id) => !listedNames.has(id))
  for (const id of gone) state.longest.delete(id)
  if (gone.length > 0) state.isLongestChanged = true
  return gone.length > 0
}

/** Marks identities that AWS no longer lists, and forgets them with the digests of their last lines. */
export function forgetGone(state: BucketState, listed: ReadonlySet<string>, nowMs: EpochMs): void {
  for (const [fingerprint, entry] of state.entries) {
    if (listed.has(fingerprint)) continue
    const goneMs = entry.goneMs ?? nowMs
    // A series is listed for two weeks after its last datapoint: nothing of it is still to come.
    if (goneMs < nowMs - DIGEST_HOURS * HOUR_MS) state.entries.delete(fingerprint)
    else if (entry.goneMs === undefined) state.entries.set(fingerprint, { ...entry, goneMs })
  }
}

/** The bucket as state, to be committed with the points it stands for. */
export function bucketState(
  place: Place,
  state: BucketState,
  nowMs: EpochMs,
): Readonly<Record<string, Json>> {
  const { bucket, entries, auditedMs, triedMs, polledMs, longest, isLongestChanged } = state
  // Again, because an audit may have been done.
  const kept = digestRanges({ kept: state.kept, auditedMs, polledMs: nowMs }, nowMs)
  const digests = state.book.state(kept)
  const recent = [...longest].map(([id, list]) => [id, recentOf(list, nowMs)] as const)
  return {
    ...digests.state,
    [ledgerKey(place, bucket)]: encodeLedger({
      entries,
      auditedMs,
      triedMs,
      polledMs,
      hours: digests.hours,
      kept,
      ...(state.store === undefined ? {} : { store: state.store }),
    }),
    ...(isLongestChanged ? { [longestKey(place, bucket)]: Object.fromEntries(recent) } : {}),
  }
}
