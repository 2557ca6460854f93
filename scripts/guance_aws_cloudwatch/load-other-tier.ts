import { type EpochMs, MINUTE_MS } from 'guance-aws-lambda/dff'
import { type BucketState, loadLedger } from './bucket.ts'
import type { NamespaceContext } from './circumstances.ts'
import { DigestBook } from './digest-book.ts'
import { keysOf } from './field-set.ts'
import type { Identity } from './identity.ts'
import type { Entry, Ledger } from './ledger.ts'
import { earlyMinutes, type OtherTier } from './other-tier.ts'
import type { Place } from './state-keys.ts'
import { isWrittenOnce } from './written-once.ts'

/** Longer than any minute of Lambda stays open: whose watermark is older was not polled by this tier, or fell far behind. */
const STALE_MS = 30 * MINUTE_MS

/** Whether an identity may have come from the critical tier to this one: it has more fields than before. */
function hasGrown({ wanted }: Identity, { fields }: Entry): boolean {
  const count = wanted.reduce((sum, { statistics }) => sum + statistics.length, 0)
  return count > keysOf(fields).length
}

/** Whether an identity may have been another tier's since this one last polled it. */
function isSuspect(
  identity: Identity,
  entry: Entry | undefined,
  { place, nowMs }: NamespaceContext,
): boolean {
  if (place.tier === undefined) return entry !== undefined && hasGrown(identity, entry)
  return entry?.goneMs !== undefined || entry === undefined || nowMs - entry.throughMs > STALE_MS
}

function otherPlace({ scope, namespace, tier }: Place): Place {
  return tier === undefined ? { scope, namespace, tier: 'critical' } : { scope, namespace }
}

/** Which minutes beyond their watermarks were written; none where nothing goes out early. */
async function loadEarly(
  { context, sink, nowMs }: NamespaceContext,
  { place, bucket, ledger }: { readonly place: Place; readonly bucket: number; readonly ledger: Ledger },
  entries: ReadonlyMap<string, Entry>,
): Promise<(fingerprint: string, throughMs: EpochMs) => OtherTier['early']> {
  if (isWrittenOnce(sink) || entries.size === 0) return () => []
  const book = new DigestBook(place, bucket, ledger.hours)
  const startMs = [...entries.values()].reduce((least, one) => Math.min(least, one.throughMs), nowMs)
  await book.load(context, { startMs, endMs: nowMs })
  return (fingerprint, throughMs) => earlyMinutes(book.read('published', fingerprint).keys(), throughMs)
}

/** What the other tier knows of those of a bucket who may have come from it; undefined when that is nobody, or nothing. */
export async function loadOtherTier(
  shared: NamespaceContext,
  { bucket, entries: known }: Pick<BucketState, 'bucket' | 'entries'>,
  identities: readonly Identity[],
): Promise<ReadonlyMap<string, OtherTier> | undefined> {
  const suspects = identities.filter((one) => isSuspect(one, known.get(one.fingerprint), shared))
  if (suspects.length === 0) return undefined
  const place = otherPlace(shared.place)
  const ledger = await loadLedger(shared.context, place, bucket)
  if (ledger === undefined) return undefined
  const entries = new Map(
    suspects.flatMap(({ fingerprint }) => {
      const entry = ledger.entries.get(fingerprint)
      return entry === undefined ? [] : [[fingerprint, entry] as const]
    }),
  )
  const earlyOf = await loadEarly(shared, { place, bucket, ledger }, entries)
  const { polledMs } = ledger
  return new Map(
    [...entries].map(([fingerprint, entry]) => [
      fingerprint,
      { entry, polledMs, early: earlyOf(fingerprint, entry.throughMs) },
    ]),
  )
}
