import type { EpochMs } from 'guance-aws-lambda/dff'
import { effectiveTimeoutSec, type Inventory } from 'guance-aws-lambda/sets/guance_integration'
import { MAX_TIMEOUT_SEC } from './horizon.ts'

/** How long invocations of a region's functions may last. */
export interface Timeouts {
  /** Largest of the function's versions; Lambda's limit when nobody knows it. */
  of(name: string): number
  /** Largest of the region. */
  readonly largestSec: number
}

/** Timeouts by the last listing of functions and versions, and of functions gone lately; without them, every function may use Lambda's limit. */
export function makeTimeouts(inventory: Inventory | undefined, nowMs: EpochMs): Timeouts {
  // Until all versions were read once, an alias may serve one that runs longer than what is known.
  const isSwept = inventory?.sweep.endedMs !== undefined
  const functions = isSwept ? [...(inventory.gone ?? []), ...inventory.entries] : []
  const byName = new Map(
    functions.map((entry) => [entry.name, effectiveTimeoutSec(entry, nowMs) ?? MAX_TIMEOUT_SEC]),
  )
  const largestSec = byName.size === 0 ? MAX_TIMEOUT_SEC : Math.max(...byName.values())
  return { largestSec, of: (name) => byName.get(name) ?? MAX_TIMEOUT_SEC }
}
