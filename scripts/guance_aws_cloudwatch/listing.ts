import type { EpochMs, Json, RunContext } from 'guance-aws-lambda/dff'
import type { AwsRegion } from 'guance-aws-lambda/sets/guance_integration'
import type { ListedIdentity } from './list-series.ts'

/** State values are bounded at 1 MB; half of it leaves room for what JSON adds. */
const CHUNK_BYTES = 500_000

/** The last complete listing of a namespace in one region. */
export interface Listing {
  readonly listedAtMs: EpochMs
  /** Metrics that the catalogue did not know and that were reported. */
  readonly unknown: readonly string[]
  readonly identities: readonly ListedIdentity[]
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
  readonly unknown: readonly string[]
  readonly chunks: number
}

function stateKey(region: Pick<AwsRegion, 'scope'>, namespace: string): string {
  return `listing/${region.scope}/${namespace}`
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

async function loadChunks(context: RunContext, key: string, count: number): Promise<(readonly Group[])[]> {
  const chunks = await Promise.all(
    Array.from({ length: count }, async (_, index) => context.load(`${key}/${index}`)),
  )
  // Written by commitListing alone.
  return chunks.map((chunk) => (chunk ?? []) as unknown as readonly Group[])
}

/** When the namespace was last listed whole; undefined when it never was. */
export async function loadListedAt(
  context: RunContext,
  region: Pick<AwsRegion, 'scope'>,
  namespace: string,
): Promise<EpochMs | undefined> {
  // Written by commitListing alone.
  const header = (await context.load(stateKey(region, namespace))) as unknown as Header | undefined
  return header?.listedAtMs
}

/** The last complete listing, or undefined when there never was one. */
export async function loadListing(
  context: RunContext,
  region: Pick<AwsRegion, 'scope'>,
  namespace: string,
): Promise<Listing | undefined> {
  const key = stateKey(region, namespace)
  // Written by commitListing alone.
  const header = (await context.load(key)) as unknown as Header | undefined
  if (header === undefined) return undefined
  const { listedAtMs, unknown, chunks } = header
  return { listedAtMs, unknown, identities: decodeListing(await loadChunks(context, key, chunks)) }
}

/** Replaces the listing as a whole; writes only the chunks that changed. */
export async function commitListing(
  context: RunContext,
  region: AwsRegion,
  { namespace, listing }: { readonly namespace: string; readonly listing: Listing },
): Promise<void> {
  const key = stateKey(region, namespace)
  const header = (await context.load(key)) as unknown as Header | undefined
  const before = await loadChunks(context, key, header?.chunks ?? 0)
  const chunks = encodeListing(listing.identities)
  const state: Record<string, Json> = {}
  for (let index = chunks.length; index < before.length; index += 1) state[`${key}/${index}`] = null
  for (const [index, chunk] of chunks.entries()) {
    if (JSON.stringify(chunk) === JSON.stringify(before[index])) continue
    // Plain data, but an interface has no index signature and so is no Json to the compiler.
    state[`${key}/${index}`] = chunk as unknown as Json
  }
  const { listedAtMs, unknown } = listing
  state[key] = { listedAtMs, unknown: [...unknown], chunks: chunks.length }
  await context.commit({ points: [], state })
}
