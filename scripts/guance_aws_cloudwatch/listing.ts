import { DAY_MS, type EpochMs, type Json, type RunContext } from 'guance-aws-lambda/dff'
import type { ListedIdentity } from './list-series.ts'
import { type Place, placeKey } from './state-keys.ts'

/** State values are bounded at 1 MB; half of it leaves room for what JSON adds. */
const CHUNK_BYTES = 500_000

/** What another configuration selected is forgotten when it was not listed again for so long. */
const FORGET_MS = DAY_MS

/** What one selection took of the last complete listing of a namespace in one region. */
export interface Listing {
  readonly listedAtMs: EpochMs
  /** Series that AWS listed, wanted or not. */
  readonly listed: number
  readonly identities: readonly ListedIdentity[]
  /** Named by an earlier list and no more, but not collected to their end. */
  readonly departed: readonly ListedIdentity[]
}

/** Which listing: `selection` is that of a NamespaceTarget, so that a changed configuration finds none and lists at once. */
export interface ListingKey {
  readonly place: Place
  readonly selection: string
}

/** Everything that is collected by a listing. */
export function collectedBy({ identities, departed }: Listing): readonly ListedIdentity[] {
  return departed.length === 0 ? identities : [...identities, ...departed]
}

/** What is stored of a namespace in one region. */
export interface StoredListing {
  /** Metrics that the catalogue did not know and that were reported, whatever was selected. */
  readonly unknown: readonly string[]
  /** Undefined when this selection was never listed. */
  readonly listing: Listing | undefined
}

/** Identities with the same dimension names and the same metrics: of each, only its values are kept. */
interface Group {
  readonly names: readonly string[]
  readonly metrics: readonly string[]
  /** Those of one identity after those of the other, `names.length` each; nothing for the set without dimensions. */
  readonly values: string[]
}

interface Header {
  readonly listedAtMs: EpochMs
  readonly listed: number
  readonly chunks: number
  readonly departed?: readonly ListedIdentity[]
}

/** The value that says what else is stored. */
interface Index {
  readonly unknown: readonly string[]
  readonly selections: Readonly<Record<string, Header>>
}

function indexKey(place: Place): string {
  return `listing/${placeKey(place)}`
}

function chunkKey({ place, selection }: ListingKey, chunk: number): string {
  return `${indexKey(place)}/${selection}/${chunk}`
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}

/** Fills state values one after the other, each up to its bound. */
class ChunkFiller {
  readonly chunks: Group[][] = []
  #leftBytes = 0

  /** Adds identities of one form; those that do not fit go on in a group of the next chunk. */
  addAlike(
    names: readonly string[],
    metrics: readonly string[],
    identities: readonly ListedIdentity[],
  ): void {
    let group: Group | undefined
    for (const { dimensions } of identities) {
      const values = dimensions.map(({ value }) => value)
      const bytes = jsonBytes(values)
      if (group === undefined || this.#leftBytes < bytes)
        group = this.#open({ names, metrics, values: [] }, bytes)
      group.values.push(...values)
      this.#leftBytes -= bytes
    }
  }

  #open(group: Group, nextBytes: number): Group {
    const bytes = jsonBytes(group)
    if (this.#leftBytes < bytes + nextBytes) {
      this.chunks.push([])
      this.#leftBytes = CHUNK_BYTES
    }
    this.chunks.at(-1)?.push(group)
    this.#leftBytes -= bytes
    return group
  }
}

/** Packs identities into state values of bounded size, the same for the same list in whatever order. */
export function encodeListing(identities: readonly ListedIdentity[]): readonly (readonly Group[])[] {
  const keyed = identities.map((one) => ({ one, order: JSON.stringify(one.dimensions) }))
  const sorted = keyed.toSorted((left, right) => (left.order < right.order ? -1 : 1)).map(({ one }) => one)
  const alike = Map.groupBy(sorted, ({ dimensions, metrics }) =>
    JSON.stringify([dimensions.map(({ name }) => name), metrics]),
  )
  const filler = new ChunkFiller()
  for (const key of [...alike.keys()].toSorted()) {
    const [names, metrics] = JSON.parse(key) as [string[], string[]] // as written above
    filler.addAlike(names, metrics, alike.get(key) ?? [])
  }
  return filler.chunks
}

function decodeGroup({ names, metrics, values }: Group): readonly ListedIdentity[] {
  if (names.length === 0) return [{ dimensions: [], metrics }]
  return Array.from({ length: values.length / names.length }, (_, index) => ({
    dimensions: names.map((name, place) => ({ name, value: values[index * names.length + place] ?? '' })),
    metrics,
  }))
}

/** What `encodeListing` packed. */
export function decodeListing(chunks: readonly (readonly Group[])[]): readonly ListedIdentity[] {
  return chunks.flatMap((chunk) => chunk.flatMap(decodeGroup))
}

async function loadIndex(context: RunContext, place: Place): Promise<Index> {
  // Written by commitListing alone.
  const stored = (await context.load(indexKey(place))) as unknown as Index | undefined
  return stored ?? { unknown: [], selections: {} }
}

async function loadChunks(
  context: RunContext,
  key: ListingKey,
  count: number,
): Promise<(readonly Group[])[]> {
  const chunks = await Promise.all(
    Array.from({ length: count }, async (_, index) => context.load(chunkKey(key, index))),
  )
  // Written by commitListing alone.
  return chunks.map((chunk) => (chunk ?? []) as unknown as readonly Group[])
}

/** The last complete listing as this selection took it, and what was reported of any. */
export async function loadListing(context: RunContext, key: ListingKey): Promise<StoredListing> {
  const { unknown, selections } = await loadIndex(context, key.place)
  const header = selections[key.selection]
  if (header === undefined) return { unknown, listing: undefined }
  const { listedAtMs, listed, chunks, departed = [] } = header
  const identities = decodeListing(await loadChunks(context, key, chunks))
  return { unknown, listing: { listedAtMs, listed, identities, departed } }
}

function deletions(key: ListingKey, from: number, to: number): Readonly<Record<string, null>> {
  const length = Math.max(0, to - from)
  return Object.fromEntries(Array.from({ length }, (_, index) => [chunkKey(key, from + index), null]))
}

/** Replaces the listing of a selection as a whole; writes only the chunks that changed, and drops what nobody selects any more. */
export async function commitListing(
  context: RunContext,
  key: ListingKey,
  { unknown, listing }: { readonly unknown: readonly string[]; readonly listing: Listing },
): Promise<void> {
  const { place, selection } = key
  const { [selection]: header, ...others } = (await loadIndex(context, place)).selections
  const before = await loadChunks(context, key, header?.chunks ?? 0)
  const chunks = encodeListing(listing.identities)
  const state: Record<string, Json> = { ...deletions(key, chunks.length, before.length) }
  for (const [index, chunk] of chunks.entries()) {
    if (JSON.stringify(chunk) === JSON.stringify(before[index])) continue
    // Plain data, but an interface has no index signature and so is no Json to the compiler.
    state[chunkKey(key, index)] = chunk as unknown as Json
  }
  const { listedAtMs, listed, departed } = listing
  const own: Header = {
    listedAtMs,
    listed,
    chunks: chunks.length,
    ...(departed.length === 0 ? {} : { departed }),
  }
  const selections: Record<string, Json> = { [selection]: own as unknown as Json }
  for (const [other, old] of Object.entries(others)) {
    if (Math.abs(listedAtMs - old.listedAtMs) < FORGET_MS) selections[other] = old as unknown as Json
    else Object.assign(state, deletions({ place, selection: other }, 0, old.chunks))
  }
  state[indexKey(place)] = { unknown: [...unknown], selections }
  await context.commit({ points: [], state })
}
