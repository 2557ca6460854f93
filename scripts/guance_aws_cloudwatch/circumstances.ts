import { type EpochMs, type RunContext, SECOND_MS, type SinkTraits, type Window } from 'guance-aws-lambda/dff'
import type { AwsRegion } from 'guance-aws-lambda/sets/guance_integration'
import type { Activity } from './activity.ts'
import type { BucketState } from './bucket.ts'
import type { Catalogue, Json } from 'guance-aws-lambda/dff'
import type { Circumstances } from './entry-plan.ts'
import { growsWithInvocation, type HorizonCause } from './horizon.ts'
import { fingerprintOf, type Identity } from './identity.ts'
import { widenMs } from './lateness.ts'
import { longestSec } from './longest.ts'
import type { Policy } from './policy.ts'
import type { RegionState } from './region-state.ts'
import type { Place } from './state-keys.ts'
import type { TagsOf } from './tags.ts'
import type { Timeouts } from './timeouts.ts'
import { PERIOD_SEC } from './window.ts'

/** What all slices of one namespace in one region share. */
export interface NamespaceContext {
  readonly context: RunContext
  readonly region: AwsRegion
  readonly place: Place
  readonly catalogue: Catalogue | undefined
  readonly sink: SinkTraits
  readonly nowMs: EpochMs
  readonly tagsOf: TagsOf
  /** Fingerprints of everything that is to be collected. */
  readonly listed: ReadonlySet<string>
  /** Undefined for a namespace without invocations. */
  readonly timeouts: Timeouts | undefined
  /** As of the last poll. */
  readonly known: RegionState | undefined
  /** Fields that ever had a datapoint; grows. */
  readonly delivered: Set<string>
  /** By function, the spans in which it is known to have existed; `unlisted` without an inventory. Only where zeros are asked for. */
  readonly lives?: ReadonlyMap<string, readonly Window[]> | 'unlisted'
  readonly policy: Policy
  /** Who is asked less often. */
  readonly idle?: { readonly everyMs: number; readonly has: (identity: Identity) => boolean }
  /** Of whom another function collects the core. */
  readonly critical: readonly Identity[]
  /** Where the region's sums are compared with what everybody did: gathers it, over `reach`. */
  readonly activity?: Activity
  readonly reach?: Window
  /** Stored with every slice. */
  readonly accountState: Readonly<Record<string, Json>>
}

/** One identity in so many is watched beyond its horizon. */
const SAMPLED_BUCKETS = 8

/** Of a namespace without a catalogue nobody knows how often it publishes: many do every five minutes. */
const UNKNOWN_INTERVAL_SEC = 300

function intervalOf(catalogue: Catalogue | undefined, { wanted }: Identity): number {
  if (catalogue === undefined) return UNKNOWN_INTERVAL_SEC * SECOND_MS
  const seconds = wanted.map(({ series }) => catalogue.metrics[series.metric]?.intervalSec ?? PERIOD_SEC)
  return Math.max(...seconds) * SECOND_MS
}

/** Why an identity settles when it does. */
export function causeOf(
  { catalogue, timeouts, known, nowMs }: Pick<NamespaceContext, 'catalogue' | 'timeouts' | 'known' | 'nowMs'>,
  identity: Identity,
  longest: BucketState['longest'],
): HorizonCause {
  const grows = identity.wanted.some(({ series }) =>
    growsWithInvocation(catalogue?.metrics[series.metric]?.stamp),
  )
  const { name } = identity
  const own = name === undefined ? known?.longest : longest.get(fingerprintOf(name))
  return {
    hasInvocations: timeouts !== undefined && grows,
    timeoutSec: name === undefined ? timeouts?.largestSec : timeouts?.of(name),
    longestSec: own === undefined ? undefined : longestSec(own, nowMs),
    widenMs: known === undefined ? 0 : widenMs(known.lateness),
    intervalMs: intervalOf(catalogue, identity),
  }
}

/** Everything that decides on an identity besides its ledger entry. */
export function circumstancesOf(
  shared: NamespaceContext,
  identity: Identity,
  state: BucketState,
): Circumstances {
  const { nowMs, sink, known, tagsOf, place } = shared
  const other = state.elsewhere?.get(identity.fingerprint)
  return {
    nowMs,
    sink,
    cause: causeOf(shared, identity, state.longest),
    changing: tagsOf(identity.sample).changing,
    isSampled: identity.bucket % SAMPLED_BUCKETS === 0,
    listedMs: known?.listedMs,
    digests: state.kept,
    skips: shared.policy.kind !== 'everything',
    ...(place.tier === undefined ? {} : { tier: place.tier }),
    ...(other === undefined ? {} : { other }),
  }
}
