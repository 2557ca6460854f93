import type { EpochMs, Window } from 'guance-aws-lambda/dff'
import { bucketOf, type Cursor, fingerprintOf } from './cursor.ts'
import type { SeriesStatistics } from './plan.ts'
import { catchUp, firstWindow } from './window.ts'

/**
 * Queries held in memory at once: five full requests. With windows of 180 minutes at most 450,000 datapoints, whatever
 * the number of functions.
 */
const MAX_PACK_QUERIES = 2_500

/** The series of one cursor. */
export interface Bucket {
  readonly bucket: number
  readonly cursor: Cursor | undefined
  /** Committed up to the cursor. */
  readonly known: readonly SeriesStatistics[]
  /** Of identities never collected before. */
  readonly fresh: readonly SeriesStatistics[]
  readonly fingerprints: ReadonlySet<string>
}

/** Buckets with the same cursor, asked for and committed together: a slice per window. */
export interface Pack {
  /** Undefined when all their series are new. */
  readonly throughMs: EpochMs | undefined
  readonly buckets: readonly Bucket[]
}

/** Spreads series over their buckets; buckets without series are left out. */
export function groupByBucket(
  wanted: readonly SeriesStatistics[],
  nameDimension: string | undefined,
): ReadonlyMap<number, readonly SeriesStatistics[]> {
  const groups = new Map<number, SeriesStatistics[]>()
  for (const one of wanted) {
    const bucket = bucketOf(one.series, nameDimension)
    const group = groups.get(bucket)
    if (group === undefined) groups.set(bucket, [one])
    else group.push(one)
  }
  return groups
}

/**
 * Splits a bucket's series by whether their identity is known. Not by metric: a first look at one metric of a known
 * function would write second lines for minutes that are published.
 */
export function makeBucket(
  bucket: number,
  wanted: readonly SeriesStatistics[],
  cursor: Cursor | undefined,
): Bucket {
  const marked = wanted.map((one) => ({ one, fingerprint: fingerprintOf(one.series) }))
  const isKnown = (fingerprint: string): boolean => cursor?.known.has(fingerprint) ?? false
  return {
    bucket,
    cursor,
    known: marked.flatMap(({ one, fingerprint }) => (isKnown(fingerprint) ? [one] : [])),
    fresh: marked.flatMap(({ one, fingerprint }) => (isKnown(fingerprint) ? [] : [one])),
    fingerprints: new Set(marked.map(({ fingerprint }) => fingerprint)),
  }
}

function countQueries({ known, fresh }: Bucket): number {
  return [...known, ...fresh].reduce((sum, { statistics }) => sum + statistics.length, 0)
}

function startOf({ known, cursor }: Bucket): EpochMs | undefined {
  return known.length === 0 ? undefined : cursor?.throughMs
}

/** Packs buckets that have something to ask before `endMs`, oldest cursor first, into packs of bounded size. */
export function packBuckets(buckets: readonly Bucket[], endMs: EpochMs): readonly Pack[] {
  const packs: { readonly throughMs: EpochMs | undefined; readonly buckets: Bucket[] }[] = []
  let queries = 0
  const due = buckets.filter(({ cursor }) => cursor === undefined || cursor.throughMs < endMs)
  for (const bucket of due.toSorted((left, right) => (startOf(left) ?? endMs) - (startOf(right) ?? endMs))) {
    const throughMs = startOf(bucket)
    const last = packs.at(-1)
    queries += countQueries(bucket)
    if (last !== undefined && last.throughMs === throughMs && queries <= MAX_PACK_QUERIES)
      last.buckets.push(bucket)
    else {
      packs.push({ throughMs, buckets: [bucket] })
      queries = countQueries(bucket)
    }
  }
  return packs
}

/** One commit: what to ask, and where the cursors of its buckets are afterwards. */
export interface Stage {
  readonly parts: readonly { readonly window: Window; readonly wanted: readonly SeriesStatistics[] }[]
  readonly cursors: readonly { readonly bucket: number; readonly cursor: Cursor }[]
}

/** The commits of a pack, oldest window first; new series take their first look with the last. */
export function planStages({ throughMs, buckets }: Pack, endMs: EpochMs): readonly Stage[] {
  const known = buckets.flatMap((bucket) => bucket.known)
  const fresh = buckets.flatMap((bucket) => bucket.fresh)
  const windows = throughMs === undefined ? [] : catchUp(throughMs, endMs).windows
  const stages = windows.map((window): Stage => ({
    parts: [{ window, wanted: known }],
    cursors: buckets.map(({ bucket, cursor }) => ({
      bucket,
      cursor: { throughMs: window.endMs, known: cursor?.known ?? new Set() },
    })),
  }))
  const last: Stage = {
    parts: [
      ...(stages.pop()?.parts ?? []),
      ...(fresh.length === 0 ? [] : [{ window: firstWindow(endMs), wanted: fresh }]),
    ],
    cursors: buckets.map(({ bucket, fingerprints }) => ({
      bucket,
      cursor: { throughMs: endMs, known: fingerprints },
    })),
  }
  return [...stages, last]
}
