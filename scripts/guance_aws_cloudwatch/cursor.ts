import { hash } from 'node:crypto'
import type { EpochMs, Json, RunContext } from 'guance-aws-lambda/dff'
import type { AwsRegion } from 'guance-aws-lambda/sets/guance_integration'
import { identityOf, type Series } from './series.ts'

/** Cursors per (account, region, namespace). A fixed number, so that state and commits do not grow with the functions. */
export const BUCKETS = 64

/** 36 bits in base64url: among the 3,000 series of a full bucket, one in 20 million new ones is mistaken for known. */
const FINGERPRINT_LENGTH = 6

/** How far a bucket's series are committed, and which series that is true of. */
export interface Cursor {
  readonly throughMs: EpochMs
  /** Fingerprints of the series collected up to throughMs; others are new. */
  readonly known: ReadonlySet<string>
}

export function fingerprintOf(series: Series): string {
  return hash('sha256', `${series.metric} ${identityOf(series)}`, 'base64url').slice(0, FINGERPRINT_LENGTH)
}

/** Bucket of a series: by the value of the name dimension, so that all data of one function moves together; else by its identity. */
export function bucketOf(series: Series, nameDimension: string | undefined): number {
  const name = series.dimensions.find((dimension) => dimension.name === nameDimension)?.value
  return Number.parseInt(hash('sha256', name ?? identityOf(series), 'hex').slice(0, 8), 16) % BUCKETS
}

function stateKey(region: AwsRegion, namespace: string, bucket: number): string {
  return `cursor/${region.scope}/${namespace}/${bucket}`
}

function parseCursor(stored: Json | undefined): Cursor | undefined {
  if (stored === undefined || stored === null) return undefined
  // Written by cursorState alone.
  const { throughMs, known } = stored as { readonly throughMs: EpochMs; readonly known: string }
  return { throughMs, known: new Set(known.match(new RegExp(`.{${FINGERPRINT_LENGTH}}`, 'g'))) }
}

/** The bucket's cursor, or undefined when it was never committed. */
export async function loadCursor(
  context: RunContext,
  region: AwsRegion,
  { namespace, bucket }: { readonly namespace: string; readonly bucket: number },
): Promise<Cursor | undefined> {
  return parseCursor(await context.load(stateKey(region, namespace, bucket)))
}

/** State that moves a bucket's cursor; belongs in the commit of the points it stands for. */
export function cursorState(
  region: AwsRegion,
  { namespace, bucket }: { readonly namespace: string; readonly bucket: number },
  { throughMs, known }: Cursor,
): Readonly<Record<string, Json>> {
  return { [stateKey(region, namespace, bucket)]: { throughMs, known: [...known].join('') } }
}
