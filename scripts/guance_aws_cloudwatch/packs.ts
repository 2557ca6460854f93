import type { EpochMs, Window } from 'guance-aws-lambda/dff'
import { bucketOf, type Cursor, fingerprintOf } from './cursor.ts'
import type { SeriesStatistics } from './plan.ts'
import { identityOf } from './series.ts'
import { catchUpWindow, cutWindow, firstWindow, lateWindow } from './window.ts'

/** Queries asked at once: five full requests. A bucket that alone has more is a pack of its own, with shorter windows. */
const MAX_PACK_QUERIES = 2_500

/** Held in memory at once, whatever the number of functions: 180 minutes of a full pack, or 14 days of 22 queries. */
const MAX_PACK_DATAPOINTS = 450_000

/** The series of one cursor. */
export interface Bucket {
  readonly bucket: number
  readonly cursor: Cursor | undefined
  /** Committed up to the cursor. */
  readonly known: readonly SeriesStatistics[]
  /** All series of identities of which some are committed and some are new. */
  readonly grown: readonly SeriesStatistics[]
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
 * Splits a bucket's series by what is known of their identity. One that gained a metric is asked for as a whole: the
 * first datapoints of that metric lie in minutes that are published, and a second line of a minute must not lack what
 * the first one had.
 */
export function makeBucket(
  bucket: number,
  wanted: readonly SeriesStatistics[],
  cursor: Cursor | undefined,
): Bucket {
  const known: SeriesStatistics[] = []
  const grown: SeriesStatistics[] = []
  const fresh: SeriesStatistics[] = []
  const fingerprints = new Set<string>()
  for (const group of Map.groupBy(wanted, ({ series }) => identityOf(series)).values()) {
    const own = group.map(({ series }) => fingerprintOf(series))
    for (const fingerprint of own) fingerprints.add(fingerprint)
    const committed = own.filter((fingerprint) => cursor?.known.has(fingerprint) ?? false)
    const kind = committed.length === 0 ? fresh : committed.length === own.length ? known : grown
    kind.push(...group)
  }
  return { bucket, cursor, known, grown, fresh, fingerprints }
}

function countQueries({ known, grown, fresh }: Bucket): number {
  return [...known, ...grown, ...fresh].reduce((sum, { statistics }) => sum + statistics.length, 0)
}

function startOf({ known, grown, cursor }: Bucket): EpochMs | undefined {
  return known.length + grown.length === 0 ? undefined : cursor?.throughMs
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

type Part = { readonly window: Window; readonly wanted: readonly SeriesStatistics[] }

/** One commit: what to ask, and where the cursors of its buckets are afterwards. */
export interface Stage {
  readonly parts: readonly Part[]
  readonly cursors: readonly { readonly bucket: number; readonly cursor: Cursor }[]
}

function makeStage(
  buckets: readonly Bucket[],
  throughMs: EpochMs,
  {
    parts,
    knownOf,
  }: { readonly parts: readonly Part[]; readonly knownOf: (bucket: Bucket) => Cursor['known'] },
): Stage {
  return {
    parts: parts.filter(({ wanted }) => wanted.length > 0),
    cursors: buckets.map((bucket) => ({
      bucket: bucket.bucket,
      cursor: { throughMs, known: knownOf(bucket) },
    })),
  }
}

/**
 * The commits of a pack, oldest window first, so few as its datapoints allow: AWS bills by query, however long its
 * window. New series among known ones take their first look with the last.
 */
export function planStages({ throughMs, buckets }: Pack, endMs: EpochMs): readonly Stage[] {
  const known = buckets.flatMap((bucket) => bucket.known)
  const grown = buckets.flatMap((bucket) => bucket.grown)
  const fresh = buckets.flatMap((bucket) => bucket.fresh)
  const maxDatapoints = MAX_PACK_DATAPOINTS / buckets.reduce((sum, bucket) => sum + countQueries(bucket), 0)
  if (throughMs === undefined) {
    return cutWindow(firstWindow(endMs), maxDatapoints).map((window) =>
      makeStage(buckets, window.endMs, {
        parts: [{ window, wanted: fresh }],
        knownOf: ({ fingerprints }) => fingerprints,
      }),
    )
  }
  const windows = cutWindow(catchUpWindow(throughMs, endMs), maxDatapoints)
  return windows.map((window, index) => {
    const isLast = window.endMs === endMs
    return makeStage(buckets, window.endMs, {
      parts: [
        { window, wanted: known },
        { window: index === 0 ? lateWindow(window) : window, wanted: grown },
        { window: firstWindow(endMs), wanted: isLast ? fresh : [] },
      ],
      knownOf: ({ fingerprints, cursor }) => (isLast ? fingerprints : (cursor?.known ?? new Set())),
    })
  })
}
