import type { EpochMs, Json, RunContext } from 'guance-aws-lambda/dff'
import { isFull } from './commit-slice.ts'
import { FINGERPRINT_LENGTH } from './ledger.ts'
import { type Place, placeKey } from './state-keys.ts'

/** State values are bounded at 1 MB. */
const IDS_PER_CHUNK = 80_000
const ID = new RegExp(`.{${FINGERPRINT_LENGTH}}`, 'g')
const CHUNK = new RegExp(`.{1,${IDS_PER_CHUNK * FINGERPRINT_LENGTH}}`, 'g')

/** Of the region's sums, what nobody who is asked accounts for, by metric and minute. */
export type Residuals = Readonly<Record<string, readonly (readonly [minuteMs: EpochMs, value: number])[]>>

/** Who is asked, and since when the others are known to be silent. */
export interface Mask {
  /** When AWS last said who was active. */
  readonly listedMs: EpochMs
  /** Last poll that found nobody else, or everybody else. */
  readonly cleanMs: EpochMs
  readonly polledMs: EpochMs
  /** Fingerprints of who is asked at every poll. */
  readonly awake: ReadonlySet<string>
  /** Looked for already, without finding whose it is. */
  readonly unexplained: Residuals
  /** Billed metrics of one poll by rule, as a moving mean: what a plan cannot know without asking. */
  readonly means: Readonly<Record<string, number>>
}

interface Header extends Omit<Mask, 'awake'> {
  readonly chunks: number
}

function headerKey(place: Place): string {
  return `mask/${placeKey(place)}`
}

function chunkKey(place: Place, chunk: number): string {
  return `${headerKey(place)}/${chunk}`
}

/** As of the last poll; undefined before the first one that skips anything. */
export async function loadMask(context: RunContext, place: Place): Promise<Mask | undefined> {
  // Written by maskState alone.
  const header = (await context.load(headerKey(place))) as unknown as Header | undefined
  if (header === undefined) return undefined
  const { chunks, ...rest } = header
  const texts = await Promise.all(
    Array.from({ length: chunks }, async (_, index) => context.load(chunkKey(place, index))),
  )
  const awake = texts.flatMap((text) => (typeof text === 'string' ? text : '').match(ID) ?? [])
  return { ...rest, awake: new Set(awake) }
}

function cut(ids: ReadonlySet<string>): readonly string[] {
  return [...ids].toSorted().join('').match(CHUNK) ?? []
}

/**
 * Stores the mask; whether there was room. Without it nobody is left out for long, which costs units and no point: a poll
 * must not fail for it.
 */
export async function commitMask(
  context: RunContext,
  place: Place,
  { mask, before }: { readonly mask: Mask; readonly before: Mask | undefined },
): Promise<boolean> {
  try {
    await context.commit({ points: [], state: maskState(place, mask, before) })
    return true
  } catch (error) {
    if (!isFull(error)) throw error
    return false
  }
}

/** Has these asked at the next poll, whatever they did: they have something left that only polls go on with. */
export async function keepAwake(
  context: RunContext,
  place: Place,
  fingerprints: readonly string[],
): Promise<void> {
  const before = fingerprints.length === 0 ? undefined : await loadMask(context, place)
  if (before === undefined || fingerprints.every((one) => before.awake.has(one))) return
  const mask: Mask = { ...before, awake: new Set([...before.awake, ...fingerprints]) }
  await commitMask(context, place, { mask, before })
}

/** The mask as state; chunks that are needed no more are deleted. */
function maskState(
  place: Place,
  { awake, ...rest }: Mask,
  before: Mask | undefined,
): Readonly<Record<string, Json>> {
  const chunks = cut(awake)
  const old = before === undefined ? [] : cut(before.awake)
  const state: Record<string, Json> = {}
  for (let chunk = 0; chunk < Math.max(chunks.length, old.length); chunk += 1) {
    state[chunkKey(place, chunk)] = chunks[chunk] ?? null
  }
  const header: Header = { ...rest, chunks: chunks.length }
  // Plain data, but an interface has no index signature and so is no Json to the compiler.
  return { ...state, [headerKey(place)]: header as unknown as Json }
}
