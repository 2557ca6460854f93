import { hash } from 'node:crypto'
import { FINGERPRINT_LENGTH } from './ledger.ts'
import type { SeriesStatistics } from './plan.ts'
import { identityOf, type Series } from './series.ts'

/** Ledgers per (account, region, namespace). A fixed number, so that state and commits do not grow with the functions. */
export const BUCKETS = 64

/** One dimension set with its values: its series share a line per minute, a watermark and a commit. */
export interface Identity {
  readonly fingerprint: string
  readonly bucket: number
  /** Value of the name dimension. */
  readonly name: string | undefined
  /** Any of its series: all hold the same list of dimensions. */
  readonly sample: Series
  readonly wanted: readonly SeriesStatistics[]
}

export function fingerprintOf(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, FINGERPRINT_LENGTH)
}

/** Bucket of a name, so that all data of one function moves together. */
function bucketOf(text: string): number {
  return Number.parseInt(hash('sha256', text, 'hex').slice(0, 8), 16) % BUCKETS
}

function makeIdentity(
  key: string,
  sample: Series,
  {
    wanted,
    nameDimension,
  }: { readonly wanted: readonly SeriesStatistics[]; readonly nameDimension: string | undefined },
): Identity {
  const { dimensions } = sample
  const name = dimensions.find((dimension) => dimension.name === nameDimension)?.value
  return {
    fingerprint: fingerprintOf(key),
    bucket: bucketOf(name ?? key),
    name,
    sample,
    // One list for all, by which outcomes are joined again.
    wanted: wanted.map(({ series, statistics }) => ({ series: { ...series, dimensions }, statistics })),
  }
}

/** Joins series to identities, ordered by bucket. */
export function groupByIdentity(
  wanted: readonly SeriesStatistics[],
  nameDimension: string | undefined,
): readonly Identity[] {
  const groups = new Map<string, SeriesStatistics[]>()
  for (const one of wanted) {
    const key = identityOf(one.series)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [one])
    else group.push(one)
  }
  return [...groups]
    .flatMap(([key, group]) =>
      group.slice(0, 1).map(({ series }) => makeIdentity(key, series, { wanted: group, nameDimension })),
    )
    .toSorted((left, right) => left.bucket - right.bucket)
}

export function countQueries({ wanted }: Identity): number {
  return wanted.reduce((sum, { statistics }) => sum + statistics.length, 0)
}
