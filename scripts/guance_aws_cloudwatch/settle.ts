import type { EpochMs, SinkTraits } from 'guance-aws-lambda/dff'
import { digestOf, type Digests, type LineDigest } from './digest.ts'
import { isWithin } from './ranges.ts'
import { wholeMinutes } from './window.ts'
import type { Written } from './written.ts'
import type { Zeros } from './zeros.ts'
import { isWrittenOnce } from './written-once.ts'

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
  /** With which fields the earlier lines were written. */
  readonly written: Written
  /** Whether a line that went out without a field differs by that alone; false where the field was not asked for then. */
  readonly isLackTold: boolean
  /** Whether a field's value can only grow while its minute is open. */
  readonly isGrowing: (field: string) => boolean
  /** None where the identity has no counts. */
  readonly zeros?: Zeros
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
  /** Of the writes, those that hold nothing new of CloudWatch's, only zeros. */
  readonly filled: number
}

/** What becomes of one line: written, and with which digest; or only seen to differ. */
interface Verdict {
  readonly fields?: Fields
  readonly digest?: LineDigest
  readonly seen?: LineDigest
  /** Nothing new but zeros. */
  readonly isFill?: true
}

/** One minute to decide on. */
interface Minute {
  readonly timeMs: EpochMs
  readonly fields: Fields
  /** Counts without a value. */
  readonly zeros: readonly string[]
  /** With the zeros, where they are to be written. */
  readonly whole: Fields
}

const NOTHING: Verdict = {}

function pick(fields: Fields, isWanted: (field: string) => boolean): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([field]) => isWanted(field)))
}

function writing(fields: Fields): Verdict {
  return Object.keys(fields).length === 0 ? NOTHING : { fields, digest: digestOf(fields) }
}

function zerosIn(fields: readonly string[]): Fields {
  return Object.fromEntries(fields.map((field) => [field, 0]))
}

/** Whether a line is as it was published, with its zeros or without them: what CloudWatch says has not changed. */
function isUnchanged(before: LineDigest, fields: Fields, zeros: readonly string[]): boolean {
  const digest = digestOf(fields)
  return before === digest || (zeros.length > 0 && before === (digest ^ digestOf(zerosIn(zeros))))
}

/** `unknown` and `both`: nothing that a store may hold is written again; only fields that it never had are added. */
function judgeOnce(
  { sink, written, isLackTold }: SettleInput,
  { timeMs, fields, zeros, whole }: Minute,
  before: LineDigest,
): Verdict {
  const seen = digestOf(fields)
  const lacked = written.lackedAt(timeMs)
  if (lacked.size === 0) return { seen }
  const isOld = (field: string): boolean => !lacked.has(field)
  if (!isUnchanged(before, pick(fields, isOld), zeros.filter(isOld))) return { seen }
  const missing = pick(whole, (field) => lacked.has(field))
  const names = Object.keys(missing)
  if (names.length === 0) return NOTHING
  const isApart = names.every((field) => written.isApartAt(field, timeMs))
  if (sink.mergesFields || isApart) return { fields: missing, digest: before ^ digestOf(missing) }
  return isLackTold ? { seen } : NOTHING
}

/** A line of which nobody knows any more what it held: where nothing may be written twice, only what it certainly lacks. */
function judgeForgotten({ sink, written }: SettleInput, { timeMs, whole }: Minute): Verdict {
  if (!isWrittenOnce(sink)) return writing(whole)
  const lacked = written.lackedAt(timeMs)
  return sink.mergesFields ? writing(pick(whole, (field) => lacked.has(field))) : NOTHING
}

/**
 * `max`: what only grows is written early and again, because the larger value stays. The rest goes out with the whole
 * line once the minute is final; where it shrinks after that, the store keeps the old value and the difference is told.
 */
function judgeMax(
  { settledEndMs, finalBeforeMs, isGrowing, written }: SettleInput,
  { timeMs, fields: came, zeros, whole: fields }: Minute,
  before: LineDigest | undefined,
): Verdict {
  // What was final once has its whole line out already, also when the horizon has grown since.
  if (timeMs >= settledEndMs && timeMs >= finalBeforeMs) {
    const growing = pick(fields, isGrowing)
    return digestOf(growing) === before ? NOTHING : writing(growing)
  }
  // Whole, growing or not: a store that replaces lines would lose what is left out.
  const lacked = written.lackedAt(timeMs)
  const isOld = (field: string): boolean => !lacked.has(field)
  // A field that the line went out without makes it no other one.
  const isSame =
    before === undefined || (lacked.size > 0 && isUnchanged(before, pick(came, isOld), zeros.filter(isOld)))
  const isTold = !isSame && timeMs < finalBeforeMs && !Object.keys(fields).every(isGrowing)
  return isTold ? { ...writing(fields), seen: digestOf(fields) } : writing(fields)
}

/** A line that CloudWatch has not changed: written again only for zeros that are due since it was published. */
function judgeUnchanged({ sink }: SettleInput, { fields, whole }: Minute, before: LineDigest): Verdict {
  const isRewritten = sink.rewrite === 'last' || sink.rewrite === 'max'
  const isDue = whole !== fields && before !== digestOf(whole)
  return isRewritten && isDue ? { ...writing(whole), isFill: true } : NOTHING
}

/** Whether a line may not be touched: what it was written with is not all there to be compared, or to go along with a new one. */
function isProtected({ sink, written }: SettleInput, timeMs: EpochMs, isFirst: boolean): boolean {
  return !isFirst && !written.isWholeAt(timeMs) && (isWrittenOnce(sink) || !sink.mergesFields)
}

function judge(input: SettleInput, minute: Minute): Verdict {
  const { sink, published, settledEndMs, written } = input
  const { timeMs, fields, zeros, whole } = minute
  const before = published.get(timeMs)
  const lacked = written.lackedAt(timeMs)
  // A field that was not collected when the line was published had no zero either.
  const variants = lacked.size === 0 ? [zeros] : [zeros, zeros.filter((field) => !lacked.has(field))]
  if (before !== undefined && variants.some((each) => isUnchanged(before, fields, each))) {
    return judgeUnchanged(input, minute, before)
  }
  const isFirst = before === undefined && written.isBlankAt(timeMs)
  if (isProtected(input, timeMs, isFirst)) return NOTHING
  // Without a value of CloudWatch's there are only zeros: they go where nothing ever was.
  if (Object.keys(fields).length === 0) {
    if (before !== undefined) return NOTHING
    return { ...(isFirst ? writing(whole) : judgeForgotten(input, minute)), isFill: true }
  }
  if (sink.rewrite === 'last') return writing(whole)
  if (sink.rewrite === 'max') return judgeMax(input, minute, before)
  if (timeMs >= settledEndMs) return NOTHING
  if (before !== undefined) return judgeOnce(input, minute, before)
  return isFirst ? writing(whole) : judgeForgotten(input, minute)
}

const NO_FIELDS: Fields = {}

/** The minutes that have a value or are to have a zero, oldest first. */
function minutesOf({ lines, isWanted, zeros, written }: SettleInput): readonly Minute[] {
  const times = new Set(lines.keys())
  const isDue = (timeMs: EpochMs): boolean =>
    zeros !== undefined && isWithin([zeros.window], timeMs) && zeros.isAlive(timeMs)
  if (zeros !== undefined && zeros.fields.length > 0) {
    for (const timeMs of wholeMinutes(zeros.window)) if (isDue(timeMs)) times.add(timeMs)
  }
  return [...times]
    .filter(isWanted)
    .toSorted((left, right) => left - right)
    .map((timeMs) => {
      const isOfLine = (field: string): boolean => written.belongsAt(field, timeMs)
      const came = lines.get(timeMs) ?? NO_FIELDS
      const fields = Object.keys(came).every(isOfLine) ? came : pick(came, isOfLine)
      const absent = zeros?.fields.filter((field) => fields[field] === undefined && isOfLine(field)) ?? []
      const isFilled = absent.length > 0 && isDue(timeMs)
      return { timeMs, fields, zeros: absent, whole: isFilled ? { ...fields, ...zerosIn(absent) } : fields }
    })
}

/**
 * Decides what is written of one identity's minutes, by what the store does with a second line (design: whole lines,
 * never a value again where nobody knows what that does). Pure. A minute that was absent before is a first publication.
 */
export function settle(input: SettleInput): Settled {
  const { finalBeforeMs, seen } = input
  const writes: Write[] = []
  const published = new Map<EpochMs, LineDigest>()
  const differences = new Map<EpochMs, LineDigest>()
  const late: EpochMs[] = []
  let filled = 0
  for (const minute of minutesOf(input)) {
    const { timeMs } = minute
    const verdict = judge(input, minute)
    if (verdict.fields !== undefined && verdict.digest !== undefined) {
      writes.push({ timeMs, fields: verdict.fields })
      published.set(timeMs, verdict.digest)
      if (verdict.isFill === true) filled += 1
    }
    const isNews = verdict.seen !== undefined && seen.get(timeMs) !== verdict.seen
    if (verdict.seen !== undefined && isNews) differences.set(timeMs, verdict.seen)
    const isWritten = verdict.fields !== undefined && verdict.isFill !== true
    if (timeMs < finalBeforeMs && (isWritten || isNews)) late.push(timeMs)
  }
  return { writes, published, differences, late, filled }
}
