import type { Json, RunContext } from 'guance-aws-lambda/dff'

/** About 100 bytes each, so that one state value stays well below 1 MB. */
const ITEMS_PER_CHUNK = 2_000

interface Chunked {
  readonly head: Json
  readonly chunks: number
}

/** A list in several state values, with a head of its own. */
export interface KeptList<Head, Item> {
  readonly head: Head
  readonly items: readonly Item[]
  /** How many values it takes. */
  readonly chunks: number
}

/** Reads what keepList wrote; undefined when there never was one. */
export async function loadList<Head, Item>(
  context: RunContext,
  key: string,
): Promise<KeptList<Head, Item> | undefined> {
  // Written by keepList alone.
  const value = (await context.load(key)) as unknown as Chunked | undefined
  if (value === undefined) return undefined
  const parts: (Json | undefined)[] = []
  // One after the other: the host answers so many questions at a time, and other regions ask too.
  for (let index = 0; index < value.chunks; index += 1) parts.push(await context.load(`${key}/${index}`))
  return {
    head: value.head as unknown as Head,
    items: parts.flatMap((part) => (part ?? []) as unknown as Item[]),
    chunks: value.chunks,
  }
}

/** State that replaces a list as a whole; chunks of a longer one before it are deleted. */
export function keepList(
  key: string,
  { head, items }: { readonly head: object; readonly items: readonly unknown[] },
  chunksBefore: number,
): Readonly<Record<string, Json>> {
  const chunks = Math.ceil(items.length / ITEMS_PER_CHUNK)
  // Plain data, but an interface has no index signature and so is no Json to the compiler.
  const state: Record<string, Json> = { [key]: { head, chunks } as unknown as Json }
  for (let index = chunks; index < chunksBefore; index += 1) state[`${key}/${index}`] = null
  for (let index = 0; index < chunks; index += 1) {
    const part = items.slice(index * ITEMS_PER_CHUNK, (index + 1) * ITEMS_PER_CHUNK)
    state[`${key}/${index}`] = part as unknown as Json
  }
  return state
}
