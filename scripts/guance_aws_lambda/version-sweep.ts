import { DAY_MS, type EpochMs } from 'guance-aws-lambda/dff'
import type { AwsRegion, InventoryEntry, VersionSweep } from 'guance-aws-lambda/sets/guance_integration'
import { makeInventoryEntry } from './function-object.ts'
import { fetchFunctionPage } from './list-functions.ts'
import { PAGES_PER_RUN } from './listing-due.ts'

/** Published versions never change; a new one becomes known within a day, and until then counts as the one edited. */
const SWEEP_EVERY_MS = DAY_MS

/** The version that is edited; the others are published. */
const EDITED = '$LATEST'

/** Of versions nothing but times and timeouts is read. */
const NO_TAGS = { extraTags: {} }

/** What a sweep has found: timeouts of functions, and how far it is. */
export interface Swept {
  readonly entries: readonly InventoryEntry[]
  readonly sweep: VersionSweep
}

function isDue({ marker, endedMs }: VersionSweep, nowMs: EpochMs): boolean {
  return marker !== undefined || endedMs === undefined || nowMs - endedMs >= SWEEP_EVERY_MS
}

/** What the versions of a function say of it: the longest timeout, and that it existed when the oldest was published. */
interface Versions {
  readonly isPublished: boolean
  readonly timeoutSec: number
  readonly sinceMs: EpochMs
}

function withSwept(entry: InventoryEntry, versions: Versions | undefined): InventoryEntry {
  if (versions === undefined) return entry
  const sweptTimeoutSec = Math.max(entry.sweptTimeoutSec ?? 0, versions.timeoutSec)
  const sinceMs = Math.min(entry.sinceMs ?? Number.POSITIVE_INFINITY, versions.sinceMs)
  const isPublished = versions.isPublished ? { isPublished: true as const } : {}
  return { ...entry, ...isPublished, sweptTimeoutSec, ...(Number.isFinite(sinceMs) ? { sinceMs } : {}) }
}

function longer(sec: number | undefined, otherSec: number): number {
  return Math.max(sec ?? 0, otherSec)
}

/**
 * What is remembered of versions, for functions that are listed again. Whoever lowers a timeout may have published the
 * longer one before, which the next sweep alone will see: until it ends that one counts.
 */
export function keepVersions(
  entries: readonly InventoryEntry[],
  before: Swept | undefined,
): readonly InventoryEntry[] {
  const known = new Map(before?.entries.map((entry) => [entry.name, entry]))
  const isSweeping = before?.sweep.marker !== undefined
  return entries.map((entry) => {
    const { versionTimeoutSec, sweptTimeoutSec, isPublished, timeoutSec = 0 } = known.get(entry.name) ?? {}
    const isLowered = timeoutSec > (entry.timeoutSec ?? timeoutSec)
    const versionSec = isLowered ? longer(versionTimeoutSec, timeoutSec) : versionTimeoutSec
    // A sweep under way may have passed the function already.
    const sweptSec = isLowered && isSweeping ? longer(sweptTimeoutSec, timeoutSec) : sweptTimeoutSec
    return {
      ...entry,
      ...(isPublished === undefined ? {} : { isPublished }),
      ...(versionSec === undefined ? {} : { versionTimeoutSec: versionSec }),
      ...(sweptSec === undefined ? {} : { sweptTimeoutSec: sweptSec }),
    }
  })
}

/** At the end of a sweep, what it found takes the place of what the last one found. */
function conclude(entry: InventoryEntry): InventoryEntry {
  const { sweptTimeoutSec, versionTimeoutSec: _, ...rest } = entry
  return sweptTimeoutSec === undefined ? rest : { ...rest, versionTimeoutSec: sweptTimeoutSec }
}

async function readPages(
  region: AwsRegion,
  from: string | undefined,
): Promise<{ readonly byName: ReadonlyMap<string, Versions>; readonly marker: string | undefined }> {
  const byName = new Map<string, Versions>()
  let marker = from
  for (let page = 0; page < PAGES_PER_RUN; page += 1) {
    // One page after the other: each one names the next.
    const { functions, marker: next } = await fetchFunctionPage(region, 'versions', marker)
    for (const version of functions) {
      const {
        name,
        timeoutSec = 0,
        sinceMs = Number.POSITIVE_INFINITY,
      } = makeInventoryEntry(version, NO_TAGS)
      const known = byName.get(name) ?? { timeoutSec, sinceMs, isPublished: false }
      byName.set(name, {
        isPublished: known.isPublished || (version.Version ?? EDITED) !== EDITED,
        timeoutSec: Math.max(known.timeoutSec, timeoutSec),
        sinceMs: Math.min(known.sinceMs, sinceMs),
      })
    }
    marker = next
    if (marker === undefined) break
  }
  return { byName, marker }
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
  const { byName, marker } = await readPages(region, sweep.marker)
  const swept = entries.map((entry) => withSwept(entry, byName.get(entry.name)))
  if (marker === undefined) return { entries: swept.map(conclude), sweep: { endedMs: nowMs } }
  return { entries: swept, sweep: { ...sweep, marker } }
}
