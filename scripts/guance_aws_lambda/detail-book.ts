import type { EpochMs, Json, RunContext } from 'guance-aws-lambda/dff'
import { OBJECT_CLASS } from './function-object.ts'

/** With 10,000 functions in a region one holds some 600 of them, about half a megabyte: what one function's change writes. */
export const BUCKETS = 16

/** FNV-1a, 32 bits: a cryptographic hash takes seconds for what is sorted here. */
const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

/** What AWS tells of one function in calls of its own. */
export interface FunctionDetail {
  /** Of the function when it was read; absent when only its tags are known. */
  readonly revisionId?: string
  readonly readMs?: EpochMs
  /** Replies by reader, trimmed to what the object shows; nothing for what is not configured. */
  readonly facts?: Readonly<Record<string, Json>>
  /** AWS resource tags; absent while they are not known, which is not the same as none. */
  readonly tags?: Readonly<Record<string, string>>
}

/** What is known of a region's details as a whole. */
export interface DetailHeader {
  /** Of the run that asked last. */
  readonly lastMs?: EpochMs
  /** When the tags of the region were read last. */
  readonly tagsMs?: EpochMs
  /** Actions that AWS refuses here, and since when it has not been asked again. */
  readonly refused?: Readonly<Record<string, EpochMs>>
}

interface DetailPlace {
  readonly accountId: string
  readonly region: string
}

/** Where a function's details are kept: the same for ever, so that a new function moves no others. */
export function bucketOf(name: string): number {
  let hash = FNV_OFFSET
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), FNV_PRIME)
  }
  return (hash >>> 0) % BUCKETS
}

/** The details of one region, read and written bucket by bucket. */
export class DetailBook {
  readonly #prefix: string
  readonly #buckets: readonly Map<string, FunctionDetail>[]
  readonly #changed = new Set<number>()
  #header: DetailHeader

  constructor(prefix: string, header: DetailHeader, buckets: readonly Map<string, FunctionDetail>[]) {
    this.#prefix = prefix
    this.#header = header
    this.#buckets = buckets
  }

  get header(): DetailHeader {
    return this.#header
  }

  changeHeader(change: DetailHeader): void {
    this.#header = { ...this.#header, ...change }
  }

  get(name: string): FunctionDetail | undefined {
    return this.#buckets[bucketOf(name)]?.get(name)
  }

  /** Adds to what is known of a function. */
  change(name: string, change: FunctionDetail): void {
    const bucket = bucketOf(name)
    this.#buckets[bucket]?.set(name, { ...this.get(name), ...change })
    this.#changed.add(bucket)
  }

  /** State of what was changed since the last call, without functions that are not `listed` any more; the header is always part of it. */
  takeState(listed: ReadonlySet<string>): Readonly<Record<string, Json>> {
    const state: Record<string, Json> = { [this.#prefix]: this.#header as unknown as Json }
    for (const index of this.#changed) {
      const bucket = this.#buckets[index]
      for (const name of bucket?.keys() ?? []) if (!listed.has(name)) bucket?.delete(name)
      // Plain data, but an interface has no index signature and so is no Json to the compiler.
      state[`${this.#prefix}/${index}`] = Object.fromEntries(bucket ?? []) as unknown as Json
    }
    this.#changed.clear()
    return state
  }
}

/** What earlier runs have read of a region; empty when none has. */
export async function loadDetails(
  context: RunContext,
  { accountId, region }: DetailPlace,
): Promise<DetailBook> {
  const prefix = `detail/${OBJECT_CLASS}/${accountId}/${region}`
  // Written by takeState alone.
  const header = (await context.load(prefix)) as unknown as DetailHeader | undefined
  const buckets = await Promise.all(
    Array.from({ length: BUCKETS }, async (_, index) => {
      const stored = header === undefined ? undefined : await context.load(`${prefix}/${index}`)
      return new Map(Object.entries((stored ?? {}) as unknown as Record<string, FunctionDetail>))
    }),
  )
  return new DetailBook(prefix, header ?? {}, buckets)
}
