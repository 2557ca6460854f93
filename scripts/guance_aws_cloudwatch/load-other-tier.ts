import { type EpochMs, MINUTE_MS } from 'guance-aws-lambda/dff'
import { type BucketState, loadLedger } from './bucket.ts'
import type { NamespaceContext } from './circumstances.ts'
import { DigestBook } from './digest-book.ts'
import { fieldSetOf, NO_FIELDS, withoutFields } from './field-set.ts'
import type { Identity } from './identity.ts'
import type { Entry, Ledger } from './ledger.ts'
import { earlyMinutes, type OtherTier } from './other-tier.ts'
import type { Place } from './state-keys.ts'
import { isWrittenOnce } from './written-once.ts'

/** Whether an identity has fields that it had not at the last poll. */
function hasGrown({ wanted }: Identity, { fields }: Entry): boolean {
  return withoutFields(fieldSetOf(wanted), fields) !== NO_FIELDS
}

/**
 * Whether an identity may have been another tier's since this one last polled it: the critical tier polls every minute, and
 * the other one comes to everything that it has not left at once, or finds it gone in the meantime.
 */
function isSuspect(
  identity: Identity,
  entry: Entry | undefined,
  { place, nowMs }: NamespaceContext,
): boolean {
  if (entry === undefined || entry.goneMs !== undefined) return true
  return place.tier === undefined ? hasGrown(identity, entry) : nowMs - entry.polledMs > MINUTE_MS
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
  return new Map(
    [...entries].map(([fingerprint, entry]) => [
      fingerprint,
      { entry, early: earlyOf(fingerprint, entry.throughMs) },
    ]),
  )
}
