import { DAY_MS, type EpochMs } from 'guance-aws-lambda/dff'
import type { AwsRegion, InventoryEntry, VersionSweep } from 'guance-aws-lambda/sets/guance_integration'
import { fetchFunctionPage } from './list-functions.ts'
import { PAGES_PER_RUN } from './listing-due.ts'

/** Published versions never change; a new one becomes known within a day, and until then counts as the one edited. */
const SWEEP_EVERY_MS = DAY_MS

/** What a sweep has found: timeouts of functions, and how far it is. */
export interface Swept {
  readonly entries: readonly InventoryEntry[]
  readonly sweep: VersionSweep
}

function isDue({ marker, endedMs }: VersionSweep, nowMs: EpochMs): boolean {
  return marker !== undefined || endedMs === undefined || nowMs - endedMs >= SWEEP_EVERY_MS
}

function withSwept(entry: InventoryEntry, seconds: number | undefined): InventoryEntry {
  const sweptTimeoutSec = Math.max(entry.sweptTimeoutSec ?? 0, seconds ?? 0)
  return sweptTimeoutSec === 0 ? entry : { ...entry, sweptTimeoutSec }
}

/** At the end of a sweep, what it found takes the place of what the last one found. */
function conclude(entry: InventoryEntry): InventoryEntry {
  const { sweptTimeoutSec, versionTimeoutSec: _, ...rest } = entry
  return sweptTimeoutSec === undefined ? rest : { ...rest, versionTimeoutSec: sweptTimeoutSec }
}

async function readPages(
  region: AwsRegion,
  from: string | undefined,
): Promise<{ readonly longest: ReadonlyMap<string, number>; readonly marker: string | undefined }> {
  const longest = new Map<string, number>()
  let marker = from
  for (let page = 0; page < PAGES_PER_RUN; page += 1) {
    // One page after the other: each one names the next.
    const { functions, marker: next } = await fetchFunctionPage(region, 'versions', marker)
    for (const { FunctionName = '', Timeout = 0 } of functions) {
      longest.set(FunctionName, Math.max(longest.get(FunctionName) ?? 0, Timeout))
    }
    marker = next
    if (marker === undefined) break
  }
  return { longest, marker }
}

/**
 * Goes on with the sweep over all published versions, by a bounded number of pages: an alias may serve an old version
 * with a longer timeout than the one that is edited. Does nothing between sweeps. Throws AwsFailure.
 */
export async function sweepVersions(
  region: AwsRegion,
  { entries, sweep }: Swept,
  nowMs: EpochMs,
): Promise<Swept> {
  if (!isDue(sweep, nowMs)) return { entries, sweep }
  const { longest, marker } = await readPages(region, sweep.marker)
  const swept = entries.map((entry) => withSwept(entry, longest.get(entry.name)))
  if (marker === undefined) return { entries: swept.map(conclude), sweep: { endedMs: nowMs } }
  return { entries: swept, sweep: { ...sweep, marker } }
}
