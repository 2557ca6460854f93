import { type EpochMs, type Json, MINUTE_MS, type RunContext, SECOND_MS } from 'guance-aws-lambda/dff'

/** One object of the last complete listing, as little of it as linkage, timeouts and `expected` need. */
export interface InventoryEntry {
  readonly name: string
  /** Tags that metrics may take over; nothing that changes at each deployment. */
  readonly tags: Readonly<Record<string, string>>
  /** Of what is edited; another one means that the function was changed. */
  readonly revisionId?: string
  /** Configured run time of the version that is edited, for functions. */
  readonly timeoutSec?: number
  /** Longest of its published versions, as of the last sweep over them, and as of the one under way. */
  readonly versionTimeoutSec?: number
  readonly sweptTimeoutSec?: number
  /** Whether a sweep has found versions of it that are published. */
  readonly isPublished?: true
  /** No object, by the choice of the Startup script; its metrics are chosen by themselves. */
  readonly isExcluded?: true
  /** A longer one that counted before, and when it was first seen changed. */
  readonly earlierTimeout?: { readonly timeoutSec: number; readonly changedMs: EpochMs }
  /** Since when it is known to exist: it may be older. */
  readonly sinceMs?: EpochMs
}

/** An object that is listed no more, as it was: its last metrics are still to come. */
export interface GoneEntry extends InventoryEntry {
  readonly sinceMs: EpochMs
  /** When it was listed last: it may have lived a little longer. */
  readonly untilMs: EpochMs
}

/** How far the sweep over all published versions is. An account may have a hundred of each function: too many for one run. */
export interface VersionSweep {
  /** Where it goes on; undefined between two sweeps. */
  readonly marker?: string
  /** When the last one ended; undefined before the first has, and then a function may use Lambda's limit. */
  readonly endedMs?: EpochMs
}

/** What an object collector last listed in one region; the metrics collector reads it. */
export interface Inventory {
  readonly listedAtMs: EpochMs
  /** Pages that the listing took: with many, it is not made at every run. */
  readonly pages: number
  readonly sweep: VersionSweep
  readonly entries: readonly InventoryEntry[]
  /** Listed lately and no more; left out when there is none. */
  readonly gone?: readonly GoneEntry[]
  /** Keys of resource tags that were asked for, whether an object has them or not; undefined where nobody wrote them down. */
  readonly resourceTags?: readonly string[]
  /** Other identities of a listed object, e.g. event source mapping UUID → function name. */
  readonly aliases: Readonly<Record<string, string>>
}

interface InventoryKey {
  readonly objectClass: string
  readonly accountId: string
  readonly region: string
}

/** About 200 bytes each, so that one state value stays well below 1 MB. */
const ENTRIES_PER_CHUNK = 2_000

function stateKey({ objectClass, accountId, region }: InventoryKey): string {
  return `inventory/${objectClass}/${accountId}/${region}`
}

/** From an invocation's end until its datapoints are there, at most (aws.md §1.6), and a minute for the minute it is stamped with. */
const REPORT_MS = 4 * MINUTE_MS

/** The longest of all versions, any of which an alias may serve; undefined when none is known. */
function configuredTimeoutSec(entry: Omit<InventoryEntry, 'name' | 'tags'>): number | undefined {
  const { timeoutSec, versionTimeoutSec, sweptTimeoutSec } = entry
  if (timeoutSec === undefined) return undefined
  return Math.max(timeoutSec, versionTimeoutSec ?? 0, sweptTimeoutSec ?? 0)
}

/** The timeout that counts: the longer earlier one for as long as an invocation begun under it may still report. */
export function effectiveTimeoutSec(
  entry: Omit<InventoryEntry, 'name' | 'tags'>,
  nowMs: EpochMs,
): number | undefined {
  const { earlierTimeout } = entry
  const timeoutSec = configuredTimeoutSec(entry)
  if (earlierTimeout === undefined) return timeoutSec
  const reportedMs = earlierTimeout.changedMs + earlierTimeout.timeoutSec * SECOND_MS + REPORT_MS
  return nowMs >= reportedMs ? timeoutSec : Math.max(timeoutSec ?? 0, earlierTimeout.timeoutSec)
}

/** The newly listed entries, with what of the last listing still counts. */
export function keepTimeouts(
  entries: readonly InventoryEntry[],
  before: readonly InventoryEntry[],
  nowMs: EpochMs,
): readonly InventoryEntry[] {
  const known = new Map(before.map((entry) => [entry.name, entry]))
  return entries.map((entry) => {
    const earlier = known.get(entry.name)
    const countedSec = earlier === undefined ? undefined : effectiveTimeoutSec(earlier, nowMs)
    if (countedSec === undefined || countedSec <= (configuredTimeoutSec(entry) ?? countedSec)) return entry
    // Lowered once more meanwhile: what began under the timeout in between may still report, too.
    const isLowered = (configuredTimeoutSec(earlier ?? entry) ?? 0) > (configuredTimeoutSec(entry) ?? 0)
    const isSame = earlier?.earlierTimeout?.timeoutSec === countedSec && !isLowered
    const earlierTimeout = isSame ? earlier.earlierTimeout : { timeoutSec: countedSec, changedMs: nowMs }
    return { ...entry, earlierTimeout }
  })
}

/** A header of a version before this one has neither pages nor sweep. */
interface Header
  extends Pick<Inventory, 'listedAtMs' | 'resourceTags'>, Partial<Pick<Inventory, 'pages' | 'sweep'>> {
  readonly chunks: number
  readonly aliasChunks: number
  readonly goneChunks: number
}

function chunksOf<T>(items: readonly T[]): (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / ENTRIES_PER_CHUNK) }, (_, index) =>
    items.slice(index * ENTRIES_PER_CHUNK, (index + 1) * ENTRIES_PER_CHUNK),
  )
}

async function loadHeader(context: RunContext, key: string): Promise<Header | undefined> {
  // Written by inventoryState alone.
  return (await context.load(key)) as unknown as Header | undefined
}

/** State of one list: its chunks, and the deletion of those that a longer predecessor had more. */
function chunkState(
  prefix: string,
  chunks: readonly (readonly unknown[])[],
  countBefore: number,
): Record<string, Json> {
  const state: Record<string, Json> = {}
  for (let index = chunks.length; index < countBefore; index += 1) state[`${prefix}/${index}`] = null
  // Plain data, but an interface has no index signature and so is no Json to the compiler.
  chunks.forEach((chunk, index) => (state[`${prefix}/${index}`] = chunk as unknown as Json))
  return state
}

/** State that replaces the region's inventory as a whole; chunks of a longer predecessor are deleted. */
export async function inventoryState(
  context: RunContext,
  key: InventoryKey,
  { listedAtMs, pages, sweep, entries, aliases, gone = [], resourceTags }: Inventory,
): Promise<Readonly<Record<string, Json>>> {
  const prefix = stateKey(key)
  const before = await loadHeader(context, prefix)
  const lists = {
    entries: chunksOf(entries),
    aliases: chunksOf(Object.entries(aliases)),
    gone: chunksOf(gone),
  }
  const header: Header = {
    listedAtMs,
    pages,
    sweep,
    ...(resourceTags === undefined ? {} : { resourceTags }),
    chunks: lists.entries.length,
    aliasChunks: lists.aliases.length,
    goneChunks: lists.gone.length,
  }
  return {
    ...chunkState(prefix, lists.entries, before?.chunks ?? 0),
    ...chunkState(`${prefix}/alias`, lists.aliases, before?.aliasChunks ?? 0),
    ...chunkState(`${prefix}/gone`, lists.gone, before?.goneChunks ?? 0),
    [prefix]: header as unknown as Json,
  }
}

async function loadChunks<T>(context: RunContext, prefix: string, count: number): Promise<T[]> {
  const chunks = await Promise.all(
    Array.from({ length: count }, async (_, index) => context.load(`${prefix}/${index}`)),
  )
  // Written by inventoryState alone.
  return chunks.flatMap((chunk) => (chunk ?? []) as unknown as T[])
}

/** When the region was last listed completely and in how many pages, without what there is to load; undefined when it never was. */
export async function loadLastListing(
  context: RunContext,
  key: InventoryKey,
): Promise<Pick<Inventory, 'listedAtMs' | 'pages'> | undefined> {
  const header = await loadHeader(context, stateKey(key))
  return header === undefined ? undefined : { listedAtMs: header.listedAtMs, pages: header.pages ?? 0 }
}

/** The region's last complete listing, or undefined when there never was one. */
export async function loadInventory(context: RunContext, key: InventoryKey): Promise<Inventory | undefined> {
  const prefix = stateKey(key)
  const header = await loadHeader(context, prefix)
  if (header === undefined) return undefined
  const { listedAtMs, pages = 0, sweep = {}, resourceTags } = header
  const gone = await loadChunks<GoneEntry>(context, `${prefix}/gone`, header.goneChunks)
  return {
    ...(gone.length === 0 ? {} : { gone }),
    ...(resourceTags === undefined ? {} : { resourceTags }),
    listedAtMs,
    pages,
    sweep,
    entries: await loadChunks<InventoryEntry>(context, prefix, header.chunks),
    aliases: Object.fromEntries(
      await loadChunks<[string, string]>(context, `${prefix}/alias`, header.aliasChunks),
    ),
  }
}
