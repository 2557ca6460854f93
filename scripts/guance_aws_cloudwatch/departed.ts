import { type EpochMs, HOUR_MS, type RunContext } from 'guance-aws-lambda/dff'
import { loadLedger } from './bucket.ts'
import { groupByIdentity } from './identity.ts'
import type { Entry } from './ledger.ts'
import type { ListedIdentity } from './list-series.ts'
import { nextToRepair } from './repair-chunk.ts'
import { toSeries } from './selection.ts'
import type { Place } from './state-keys.ts'
import { identityOf } from './series.ts'

/** Kept in one state value; more than these leave the list at once only where somebody deletes by the thousand. */
const MAX_DEPARTED = 500

/** What was collected so lately has nothing left to ask for but its gaps. */
const CURRENT_MS = HOUR_MS

/** An earlier list, of which some had left already. */
interface Earlier {
  readonly identities: readonly ListedIdentity[]
  readonly departed: readonly ListedIdentity[]
}

function isUnfinished({ sink }: RunContext, entry: Entry | undefined, dueMs: EpochMs): boolean {
  if (entry === undefined) return false
  return entry.throughMs < dueMs - CURRENT_MS || nextToRepair(entry, sink) !== undefined
}

/**
 * Of what an earlier list named and the new one does not, what is not collected to its end: AWS lists a series for two
 * weeks after its last datapoint and keeps its data a day longer. What leaves now is collected once more up to now; what
 * had left before stays for its gaps alone.
 */
export async function keepDeparted(
  context: RunContext,
  { place, nameDimension }: { readonly place: Place; readonly nameDimension: string | undefined },
  { before, now }: { readonly before: Earlier | undefined; readonly now: readonly ListedIdentity[] },
): Promise<readonly ListedIdentity[]> {
  const { identities = [], departed = [] } = before ?? {}
  const listed = new Set(now.map(identityOf))
  const left = [...identities, ...departed].filter((one) => !listed.has(identityOf(one)))
  const byKey = new Map(left.map((one) => [identityOf(one), one]))
  const hadLeft = new Set(departed.map(identityOf))
  const series = toSeries(place.namespace, left).map((one) => ({ series: one, statistics: [] }))
  const byBucket = Map.groupBy(groupByIdentity(series, nameDimension), ({ bucket }) => bucket)
  const kept: ListedIdentity[] = []
  for (const [bucket, group] of byBucket) {
    // One after the other: a ledger is read and let go.
    const ledger = await loadLedger(context, place, bucket)
    for (const { fingerprint, sample } of group) {
      const key = identityOf(sample)
      const dueMs = hadLeft.has(key) ? (ledger?.polledMs ?? 0) : context.triggerTimeMs
      const one = byKey.get(key)
      if (one !== undefined && isUnfinished(context, ledger?.entries.get(fingerprint), dueMs)) kept.push(one)
    }
  }
  return kept.slice(0, MAX_DEPARTED)
}
