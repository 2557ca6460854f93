import { type EpochMs, type Json, MINUTE_MS, type RunContext, SECOND_MS } from 'guance-aws-lambda/dff'

/** One object of the last complete listing, as little of it as linkage, timeouts and `expected` need. */
export interface InventoryEntry {
  readonly name: string
  /** Tags that metrics may take over; nothing that changes at each deployment. */
  readonly tags: Readonly<Record<string, string>>
  /** Longest configured run time of its versions, for functions. */
  readonly timeoutSec?: number
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

/** What an object collector last listed in one region; the metrics collector reads it. */
export interface Inventory {
  readonly listedAtMs: EpochMs
  readonly entries: readonly InventoryEntry[]
  /** Listed lately and no more; left out when there is none. */
  readonly gone?: readonly GoneEntry[]
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

/** The timeout that counts: the longer earlier one for as long as an invocation begun under it may still report. */
export function effectiveTimeoutSec(
  { timeoutSec, earlierTimeout }: Pick<InventoryEntry, 'timeoutSec' | 'earlierTimeout'>,
  nowMs: EpochMs,
): number | undefined {
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
    if (countedSec === undefined || countedSec <= (entry.timeoutSec ?? countedSec)) return entry
    const isSame = earlier?.earlierTimeout?.timeoutSec === countedSec
    const earlierTimeout = isSame ? earlier.earlierTimeout : { timeoutSec: countedSec, changedMs: nowMs }
    return { ...entry, earlierTimeout }
  })
}

interface Header {
  readonly listedAtMs: EpochMs
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
  return (await context.load(key)) as Header | undefined
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
  { listedAtMs, entries, aliases, gone = [] }: Inventory,
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
    chunks: lists.entries.length,
    aliasChunks: lists.aliases.length,
    goneChunks: lists.gone.length,
  }
  return {
    ...chunkState(prefix, lists.entries, before?.chunks ?? 0),
    ...chunkState(`${prefix}/alias`, lists.aliases, before?.aliasChunks ?? 0),
    ...chunkState(`${prefix}/gone`, lists.gone, before?.goneChunks ?? 0),
    [prefix]: { ...header },
  }
}

async function loadChunks<T>(context: RunContext, prefix: string, count: number): Promise<T[]> {
  const chunks = await Promise.all(
    Array.from({ length: count }, async (_, index) => context.load(`${prefix}/${index}`)),
  )
  // Written by inventoryState alone.
  return chunks.flatMap((chunk) => (chunk ?? []) as unknown as T[])
}

/** The region's last complete listing, or undefined when there never was one. */
export async function loadInventory(context: RunContext, key: InventoryKey): Promise<Inventory | undefined> {
  const prefix = stateKey(key)
  const header = await loadHeader(context, prefix)
  if (header === undefined) return undefined
  const gone = await loadChunks<GoneEntry>(context, `${prefix}/gone`, header.goneChunks)
  return {
    ...(gone.length === 0 ? {} : { gone }),
    listedAtMs: header.listedAtMs,
    entries: await loadChunks<InventoryEntry>(context, prefix, header.chunks),
    aliases: Object.fromEntries(
      await loadChunks<[string, string]>(context, `${prefix}/alias`, header.aliasChunks),
    ),
  }
}
