import type { EpochMs, SinkTraits, Window } from 'guance-aws-lambda/dff'
import type { EntryPlan } from './entry-plan.ts'
import { commonFields, type FieldSet, withoutFields } from './field-set.ts'
import { EVERYTHING, fillHoles, type Hole, holesOf, joinHoles, lackingRanges } from './holes.ts'
import type { Entry } from './ledger.ts'
import { commonRanges, cutRanges, joinRanges } from './ranges.ts'
import { MAX_LOOKBACK_MS } from './window.ts'
import { isWrittenOnce } from './written-once.ts'

/** A line waits so many polls for a query that does not come complete. */
const MAX_WAITS = 3

/** Whether a line has waited long enough for its incomplete queries to go out without them. */
export function isOverdue({ entry, work }: EntryPlan): boolean {
  return work.purpose === 'live' && entry.waits + 1 >= MAX_WAITS
}

/** The entry of an identity that stays where it was, because not all of its queries came complete. */
export function waitingEntry({ base, work }: EntryPlan): Entry {
  return work.purpose === 'live' ? { ...base, waits: Math.min(base.waits + 1, MAX_WAITS) } : base
}

/** What AWS answered for an identity. */
export interface Answer {
  /** Fields that are collected and did not come. */
  readonly missing: FieldSet
  /** Some of them may still come: what is not final yet waits for them. */
  readonly isPartial: boolean
}

/** Minutes of the window that had no line before, which now is without the missing fields. */
function blankOf({ entry, window }: EntryPlan): readonly Window[] {
  const untold = joinRanges([{ ...window, endMs: Math.min(window.endMs, entry.firstMs) }])
  const blank = entry.done.reduce((left, range) => cutRanges(left, range), untold)
  const gaps = entry.gaps.map(({ startMs, endMs }) => ({
    startMs: Math.max(startMs, window.startMs),
    endMs: Math.min(endMs, window.endMs),
  }))
  return [...blank, ...gaps]
}

/**
 * Where lines can be written although some fields do not come: a line that has those cannot be compared, and would lose
 * them to one that takes its place.
 */
function touchable(
  { holes, missing }: Pick<Entry, 'holes' | 'missing'>,
  sink: SinkTraits,
): readonly Window[] {
  return sink.mergesFields && !isWrittenOnce(sink) ? [EVERYTHING] : lackingRanges(holes, missing)
}

/** Holes that are left once the lines of the window were decided upon with everything but the missing fields. */
function filledHoles({ entry, window, circumstances }: EntryPlan, missing: FieldSet): readonly Hole[] {
  const fields = withoutFields(entry.fields, missing)
  const ranges = commonRanges([window], touchable({ ...entry, missing }, circumstances.sink))
  return ranges.reduce((left, range) => fillHoles(left, range, fields), entry.holes)
}

/**
 * Minutes that were written before a field was listed, which lists it late, and that were read again for it: where it does
 * not come they lack it as those do that are written without it now.
 */
function unlistedHole({ base, entry, window, finalBeforeMs }: EntryPlan, missing: FieldSet): Hole {
  const fields = commonFields(missing, withoutFields(entry.fields, base.fields))
  return { startMs: window.startMs, endMs: Math.max(window.startMs, finalBeforeMs), fields }
}

function liveEntry(plan: EntryPlan, { missing, isPartial }: Answer): Entry {
  const { entry, window, finalBeforeMs, settledEndMs } = plan
  const fresh = {
    startMs: finalBeforeMs,
    endMs: isPartial ? settledEndMs : window.endMs,
    fields: missing,
  }
  // Of a partial line some minutes of the window were left as they were: what is lacking there is filled later.
  const holes = [...(isPartial ? entry.holes : filledHoles(plan, missing)), fresh]
  return {
    ...entry,
    waits: isPartial ? MAX_WAITS : 0,
    missing,
    holes: joinHoles([...holes, unlistedHole(plan, missing)]),
  }
}

/**
 * Where polls skip, an audit writes what they skipped, and without what AWS did not answer. Of who sleeps nobody else
 * would notice that AWS answers for a field again.
 */
function auditedEntry({ entry, window, finalBeforeMs, circumstances }: EntryPlan, missing: FieldSet): Entry {
  if (!circumstances.skips) return entry
  const startMs = Math.max(finalBeforeMs, window.startMs)
  if (startMs >= entry.throughMs || startMs >= window.endMs) return { ...entry, missing }
  const holes = joinHoles([...entry.holes, { startMs, endMs: window.endMs, fields: missing }])
  return { ...entry, missing, holes }
}

function oldEntry(plan: EntryPlan, { missing }: Answer): Entry {
  const { entry, window, work } = plan
  if (work.purpose === 'audit') return auditedEntry(plan, missing)
  const gaps = cutRanges(entry.gaps, window)
  const fresh = blankOf(plan).map((range) => ({ ...range, fields: missing }))
  const holes = joinHoles([...filledHoles(plan, missing), ...fresh])
  if (work.purpose === 'repair') return { ...entry, gaps, holes }
  const done = cutRanges([...entry.done, window], { startMs: entry.firstMs, endMs: Number.MAX_SAFE_INTEGER })
  return { ...entry, gaps, holes, done }
}

/** The ledger entry after a plan whose lines go out, with or without some fields. */
export function answeredEntry(plan: EntryPlan, answer: Answer): Entry {
  return plan.work.purpose === 'live' ? liveEntry(plan, answer) : oldEntry(plan, answer)
}

/** Holes of fields that AWS answers for again. */
export function answeredHoles({ holes, fields, missing }: Pick<Entry, 'holes' | 'fields' | 'missing'>) {
  return holesOf(holes, withoutFields(fields, missing))
}

/** Where holes can be filled now, oldest first. */
export function fillableRanges(entry: Entry, sink: SinkTraits): readonly Window[] {
  if (entry.holes.length === 0) return []
  return commonRanges(joinRanges(answeredHoles(entry)), touchable(entry, sink))
}

/**
 * Where nothing may be written twice and a line cannot be added to, a hole stays: the entry without those that could be
 * filled now, and what of them no audit will compare again and tell, because the digests are gone.
 */
export function giveUpHoles(
  { circumstances: { sink, digests } }: EntryPlan,
  entry: Entry,
): { readonly entry: Entry; readonly given: readonly Hole[] } {
  const fillable = answeredHoles(entry)
  if (fillable.length === 0 || !isWrittenOnce(sink) || sink.mergesFields) return { entry, given: [] }
  const fields = withoutFields(entry.fields, entry.missing)
  const given = fillable.flatMap((hole) =>
    digests
      .reduce((left, range) => cutRanges(left, range), joinRanges([hole]))
      .map((range) => ({ ...range, fields: hole.fields })),
  )
  return { entry: { ...entry, holes: fillHoles(entry.holes, EVERYTHING, fields) }, given }
}

/** Adds minutes that differ from what was written and stay so; what is older than anything that can be had is forgotten. */
export function tellDifferences(entry: Entry, times: Iterable<EpochMs>, nowMs: EpochMs): Entry {
  const { told, ...rest } = entry
  const known = told !== undefined && told.lastMs < nowMs - MAX_LOOKBACK_MS ? undefined : told
  const all = [...times]
  if (all.length === 0) return known === undefined ? rest : entry
  const minutes = (known?.minutes ?? 0) + all.length
  const firstMs = Math.min(known?.firstMs ?? Number.MAX_SAFE_INTEGER, ...all)
  return { ...rest, told: { minutes, firstMs, lastMs: Math.max(known?.lastMs ?? 0, ...all) } }
}
