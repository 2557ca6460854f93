import type { EpochMs, Json, RunContext } from 'guance-aws-lambda/dff'
import { type Lateness, NO_LATENESS } from './lateness.ts'
import type { Longest } from './longest.ts'
import { type Place, regionKey } from './state-keys.ts'

/** What the identities of one namespace in one region have in common. */
export interface RegionState {
  /** First poll. */
  readonly sinceMs: EpochMs
  /** When the list of series was made that the last poll went by: what is new is younger. */
  readonly listedMs: EpochMs
  /** Last poll; missing in what was written before it was kept. */
  readonly polledMs?: EpochMs
  /** Of all functions: for the account-wide series. */
  readonly longest: Longest
  readonly lateness: Lateness
  /** When all buckets were last looked through for what is gone. */
  readonly sweptMs?: EpochMs
  /** Last poll that asked the idle tier; left out where there is none. */
  readonly idleMs?: EpochMs
}

/** As of the last poll; undefined before the first. */
export async function loadRegionState(context: RunContext, place: Place): Promise<RegionState | undefined> {
  // Written by regionState alone.
  return (await context.load(regionKey(place))) as unknown as RegionState | undefined
}

export function regionState(place: Place, state: RegionState): Readonly<Record<string, Json>> {
  return { [regionKey(place)]: state as unknown as Json }
}

/** Before the first poll. */
export function newRegionState(nowMs: EpochMs): RegionState {
  return { sinceMs: nowMs, listedMs: nowMs, longest: [], lateness: NO_LATENESS }
}
