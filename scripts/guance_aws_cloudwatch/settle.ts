import type { EpochMs, SinkTraits } from 'guance-aws-lambda/dff'
import { digestOf, type Digests, type LineDigest } from './digest.ts'

export type Fields = Readonly<Record<string, number>>

/** What is known of one identity when its minutes come in. */
export interface SettleInput {
  readonly sink: SinkTraits
  /** Minutes of it that were asked for and came complete; the silent ones are absent. */
  readonly lines: ReadonlyMap<EpochMs, Fields>
  /** The minutes to decide on. */
  readonly isWanted: (timeMs: EpochMs) => boolean
  /** Minutes before it are final now. */
  readonly settledEndMs: EpochMs
  /** Minutes before it were final when they were last looked at: another value there now is late. */
  readonly finalBeforeMs: EpochMs
  /** What was published of each minute. */
  readonly published: Digests
  /** Changed values that were seen and not written, so that each is counted once. */
  readonly seen: Digests
  /** Lines before it were published with other fields, by another configuration: not compared where they may not be written. */
  readonly comparedFromMs?: EpochMs
  /** Fields that were not collected when the earlier minutes were published. */
  readonly added: ReadonlySet<string>
  /** Whether a field's value can only grow while its minute is open. */
  readonly isGrowing: (field: string) => boolean
}

export interface Write {
  readonly timeMs: EpochMs
  readonly fields: Fields
}

/** What to do: lines to write, digests to remember. */
export interface Settled {
  readonly writes: readonly Write[]
  /** Of every line that is written. */
  readonly published: ReadonlyMap<EpochMs, LineDigest>
  /** Values that changed after their line was written for good. */
  readonly differences: ReadonlyMap<EpochMs, LineDigest>
  /** Minutes whose value is new or other than what was published although they had been final. */
  readonly late: readonly EpochMs[]
}

/** What becomes of one line: written, and with which digest; or only seen to differ. */
interface Verdict {
  readonly fields?: Fields
  readonly digest?: LineDigest
  readonly seen?: LineDigest
}

const NOTHING: Verdict = {}

function pick(fields: Fields, isWanted: (field: string) => boolean): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([field]) => isWanted(field)))
}

function writing(fields: Fields): Verdict {
  return Object.keys(fields).length === 0 ? NOTHING : { fields, digest: digestOf(fields) }
}

/** `unknown` and `both`: nothing that a store may hold is written again; only fields that it never had are added. */
function judgeOnce({ sink, added }: SettleInput, fields: Fields, before: LineDigest): Verdict {
  const digest = digestOf(fields)
  if (!sink.mergesFields || added.size === 0) return { seen: digest }
  const missing = pick(fields, (field) => added.has(field))
  const rest = digest ^ digestOf(missing)
  return rest === before && rest !== digest ? { fields: missing, digest } : { seen: digest }
}

/**
 * `max`: what only grows is written early and again, because the larger value stays. The rest goes out with the whole
 * line once the minute is final; where it shrinks after that, the store keeps the old value and the difference is told.
 */
function judgeMax(
  { settledEndMs, finalBeforeMs, isGrowing }: SettleInput,
  timeMs: EpochMs,
  { fields, before }: { readonly fields: Fields; readonly before: LineDigest | undefined },
): Verdict {
  if (timeMs >= settledEndMs) {
    const growing = pick(fields, isGrowing)
    return digestOf(growing) === before ? NOTHING : writing(growing)
  }
  // Whole, growing or not: a store that replaces lines would lose what is left out.
  const isTold = before !== undefined && timeMs < finalBeforeMs && !Object.keys(fields).every(isGrowing)
  return isTold ? { ...writing(fields), seen: digestOf(fields) } : writing(fields)
}

function judge(input: SettleInput, timeMs: EpochMs, fields: Fields): Verdict {
  const { sink, published, settledEndMs } = input
  const before = published.get(timeMs)
  if (before === digestOf(fields)) return NOTHING
  if (sink.rewrite === 'last') return writing(fields)
  if (sink.rewrite === 'max') return judgeMax(input, timeMs, { fields, before })
  if (timeMs >= settledEndMs) return NOTHING
  if (before !== undefined && timeMs < (input.comparedFromMs ?? 0)) return NOTHING
  if (before !== undefined) return judgeOnce(input, fields, before)
  return writing(fields)
}

/**
 * Decides what is written of one identity's minutes, by what the store does with a second line (design: whole lines,
 * never a value again where nobody knows what that does). Pure. A minute that was absent before is a first publication.
 */
export function settle(input: SettleInput): Settled {
  const { lines, isWanted, finalBeforeMs, seen } = input
  const writes: Write[] = []
  const published = new Map<EpochMs, LineDigest>()
  const differences = new Map<EpochMs, LineDigest>()
  const late: EpochMs[] = []
  for (const [timeMs, fields] of [...lines].toSorted(([left], [right]) => left - right)) {
    if (!isWanted(timeMs)) continue
    const verdict = judge(input, timeMs, fields)
    if (verdict.fields !== undefined && verdict.digest !== undefined) {
      writes.push({ timeMs, fields: verdict.fields })
      published.set(timeMs, verdict.digest)
    }
    const isNews = verdict.seen !== undefined && seen.get(timeMs) !== verdict.seen
    if (verdict.seen !== undefined && isNews) differences.set(timeMs, verdict.seen)
    if (timeMs < finalBeforeMs && (verdict.fields !== undefined || isNews)) late.push(timeMs)
  }
  return { writes, published, differences, late }
}
