import type { Json, RunContext } from 'guance-aws-lambda/dff'
import { bucketOf, BUCKETS } from './detail-book.ts'
import type { Facts } from './function-facts.ts'
import { OBJECT_CLASS } from './function-object.ts'

/** A function as it was listed. */
export interface Seen {
  readonly revisionId: string | null
  /** In AWS's words. */
  readonly lastModified: string | null
  readonly facts: Facts
  /** No object by the choice of the Startup script, and so no event. */
  readonly isExcluded?: true
}

/** Functions of one bucket by name. */
export type SeenBucket = ReadonlyMap<string, Seen>

/** As few bytes as they take: there may be 10,000 of them. */
type StoredSeen = readonly [
  revisionId: string | null,
  lastModified: string | null,
  facts: Facts,
  isExcluded?: 1,
]

/** What the last complete listing of a region showed, by bucket; undefined for a bucket that no listing has filled. */
export type FactBook = readonly (SeenBucket | undefined)[]

interface BookPlace {
  readonly accountId: string
  readonly region: string
}

function keyOf({ accountId, region }: BookPlace, bucket: number): string {
  return `facts/${OBJECT_CLASS}/${accountId}/${region}/${bucket}`
}

/** Parts functions into the buckets that they are kept in. */
export function intoBuckets(seen: SeenBucket): readonly SeenBucket[] {
  const buckets = Array.from({ length: BUCKETS }, () => new Map<string, Seen>())
  for (const [name, one] of seen) buckets[bucketOf(name)]?.set(name, one)
  return buckets
}

function storeSeen({ revisionId, lastModified, facts, isExcluded }: Seen): StoredSeen {
  return isExcluded === true ? [revisionId, lastModified, facts, 1] : [revisionId, lastModified, facts]
}

function readSeen([revisionId, lastModified, facts, isExcluded]: StoredSeen): Seen {
  return { revisionId, lastModified, facts, ...(isExcluded === 1 ? { isExcluded: true as const } : {}) }
}

/** State of one bucket; an empty one says that nothing was listed, which is not the same as never. */
export function bucketState(
  place: BookPlace,
  bucket: number,
  seen: SeenBucket,
): Readonly<Record<string, Json>> {
  const stored = [...seen].map(([name, one]) => [name, storeSeen(one)] as const)
  return { [keyOf(place, bucket)]: Object.fromEntries(stored) as unknown as Json }
}

/** What earlier runs have seen of a region. */
export async function loadFactBook(context: RunContext, place: BookPlace): Promise<FactBook> {
  return Promise.all(
    Array.from({ length: BUCKETS }, async (_, bucket) => {
      // Written by bucketState alone.
      const stored = (await context.load(keyOf(place, bucket))) as unknown as
        | Readonly<Record<string, StoredSeen>>
        | undefined
      if (stored === undefined) return undefined
      return new Map(Object.entries(stored).map(([name, one]) => [name, readSeen(one)]))
    }),
  )
}
