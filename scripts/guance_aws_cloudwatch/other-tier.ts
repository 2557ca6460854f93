/** What becomes of a function's lines when it enters or leaves the critical tier: no minute of a field is in the lines of both. */
import { MINUTE_MS, type SinkTraits, type EpochMs, type Window } from 'guance-aws-lambda/dff'
import { commonFields, type FieldSet, NO_FIELDS, withoutFields } from './field-set.ts'
import { type Hole, joinHoles } from './holes.ts'
import type { Entry } from './ledger.ts'
import { cutRanges, joinRanges } from './ranges.ts'
import { isSameTags } from './tags.ts'
import { EARLY_MS, endAt } from './window.ts'
import { isWrittenOnce } from './written-once.ts'

/** On lines of the critical tier, where they would take the place of the line with the function's other metrics. */
const TIER_TAG = { tier: 'critical' } as const

/** What another tier knows of an identity. */
export interface OtherTier {
  readonly entry: Entry
  /** Minutes beyond its watermark that it has written all the same, where lines go out early. */
  readonly early: readonly Window[]
}

/** Fields of ours that another tier has collected, and up to when. */
interface Collected {
  readonly fields: FieldSet
  readonly endMs: EpochMs
}

/** Undefined when it never had any of them. */
export function collectedBy({ entry }: OtherTier, own: FieldSet, sink: SinkTraits): Collected | undefined {
  const fields = commonFields(own, entry.fields)
  // As it will say itself when it next polls: what it has written early stays with it.
  const writtenMs = isWrittenOnce(sink) ? 0 : endAt(entry.polledMs, EARLY_MS)
  if (fields !== NO_FIELDS) return { fields, endMs: Math.max(entry.throughMs, writtenMs) }
  const left = entry.former.findLast((one) => commonFields(own, one.fields) !== NO_FIELDS)
  return left === undefined ? undefined : { fields: commonFields(own, left.fields), endMs: left.untilMs }
}

/** An identity that comes back to this tier, after another one has gone on with it for a while. */
export function comeBack(entry: Entry, { fields, endMs }: Collected): Entry {
  if (endMs <= entry.throughMs) return entry
  const between = { startMs: entry.throughMs, endMs, fields }
  // Its gaps went along with it when it left.
  return { ...entry, throughMs: endMs, gaps: [], elsewhere: joinHoles([...entry.elsewhere, between]) }
}

function withFields(windows: readonly Window[], fields: FieldSet): readonly Hole[] {
  return windows.map((window) => ({ ...window, fields }))
}

/** Of an identity's fields those that another tier had until now: what is new to this one, or what that one had later. */
function takenFields(entry: Entry, own: FieldSet, { entry: other }: OtherTier): FieldSet {
  const isLater = other.throughMs > entry.throughMs || entry.polledMs < other.firstMs
  const taken = isLater ? own : withoutFields(own, entry.fields)
  return commonFields(taken, other.fields)
}

/**
 * An identity whose fields another tier gives up: what is final in the lines of that one stays there, what it had begun
 * goes on there, and what neither has written is a hole here.
 */
export function takeBack(
  entry: Entry,
  own: FieldSet,
  { other: given, sink }: { readonly other: OtherTier; readonly sink: SinkTraits },
): Entry {
  const fields = takenFields(entry, own, given)
  if (fields === NO_FIELDS) return entry
  const { entry: other, early } = given
  const absent = [...other.gaps, ...other.elsewhere]
  const whole: readonly Window[] = [{ startMs: other.firstMs, endMs: other.throughMs }]
  const held = joinRanges([...absent.reduce((rest, cut) => cutRanges(rest, cut), whole), ...other.done])
  const passed: readonly Window[] = [{ startMs: other.throughMs, endMs: entry.throughMs }]
  const missed = early.reduce((left, cut) => cutRanges(left, cut), passed)
  const holes = joinHoles([...entry.holes, ...withFields([...other.gaps, ...missed], fields)])
  const isMerging = sink.mergesFields && !isWrittenOnce(sink)
  // Where fields are merged both tiers write the same lines, unless their tags differ, such as before the functions were listed.
  if (isMerging && isSameTags(entry.tags, other.tags)) return { ...entry, holes }
  const tags = { ...other.tags, ...(sink.mergesFields ? {} : TIER_TAG) }
  // What it has not written goes there, too: to our line of that minute nothing can be added where it was written for good.
  const open = isWrittenOnce(sink) ? missed : early
  return {
    ...entry,
    elsewhere: joinHoles([...entry.elsewhere, ...withFields(held, fields)]),
    begun: [
      ...(entry.begun ?? []),
      ...joinHoles(withFields(open, fields)).map((hole) => ({ ...hole, tags })),
    ],
    holes,
  }
}

/** The entry without what is too old to be written again. */
export function keepRecent(entry: Entry, keepMs: EpochMs): Entry {
  const { begun: known = [], ...rest } = entry
  if (known.length === 0 && rest.elsewhere.length === 0) return rest
  const isRecent = ({ endMs }: Window): boolean => endMs > keepMs
  const begun = known.filter(isRecent)
  const elsewhere = rest.elsewhere.filter(isRecent)
  return begun.length === 0 ? { ...rest, elsewhere } : { ...rest, elsewhere, begun }
}

/** Minutes that are published beyond a watermark. */
export function earlyMinutes(published: Iterable<EpochMs>, throughMs: EpochMs): readonly Window[] {
  const minutes = [...published].filter((timeMs) => timeMs >= throughMs)
  return joinRanges(minutes.map((startMs) => ({ startMs, endMs: startMs + MINUTE_MS })))
}
