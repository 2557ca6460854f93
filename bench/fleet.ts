import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { EpochMs } from '../core/time.ts'

/** The files of bench/fleets/; none says how many functions, so that any number can be asked for. */
export const FLEETS = ['steady', 'bursty', 'idle', 'long-timeout'] as const
export type FleetName = (typeof FLEETS)[number]

/** The fleet file, for the simulator's `--fleet`. */
export function fleetPath(fleet: FleetName): string {
  return fileURLToPath(new URL(`fleets/${fleet}.json`, import.meta.url))
}

/** `now` of a fleet file: where its simulated time begins. Throws when there is none. */
export function fleetStartMs(fleet: FleetName): EpochMs {
  const { now } = JSON.parse(readFileSync(fleetPath(fleet), 'utf8')) as { readonly now?: string }
  const startMs = Date.parse(now ?? '')
  if (Number.isNaN(startMs)) throw new Error(`${fleetPath(fleet)}: expected now as an ISO time, got ${now}`)
  return startMs
}
