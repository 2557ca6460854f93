import { type EpochMs, type SinkTraits, type Window } from 'guance-aws-lambda/dff'
import { addBeyond, type Beyond, cutBeyond, NOTHING_BEYOND, oldestOf } from './beyond.ts'
import { type HorizonCause, latestMs, settleMs } from './horizon.ts'
import { commonFields, type FieldSet, fieldSetOf, NO_FIELDS, withFields, withoutFields } from './field-set.ts'
import { changeFields, droppedFields } from './former-fields.ts'
import { coversMinute, fillHoles, holesOf } from './holes.ts'
import type { Identity } from './identity.ts'
import type { Entry, Tags } from './ledger.ts'
import { collectedBy, comeBack, keepRecent, type OtherTier, takeBack } from './other-tier.ts'
import type { Ask, SeriesStatistics } from './plan.ts'
import { isWithin, joinRanges } from './ranges.ts'
import { changeTags } from './tags.ts'
import { isWrittenOnce } from './written-once.ts'
import {
  EARLY_MS,
  endAt,
  FIRST_LOOK_MS,
  liveWindow,
  MAX_LIVE_MS,
  MAX_LOOKBACK_MS,
  NEW_METRIC_MS,
} from './window.ts'

/** A window that lies back. */
export interface OldWork {
  readonly identity: Identity
  readonly purpose: 'repair' | 'audit' | 'backfill'
  readonly window: Window
  /** Of an audit's last slice: its bucket is done for the day. */
  readonly endsAudit?: boolean
}

/** Why an identity is asked for. */
export type Work = { readonly identity: Identity; readonly purpose: 'live' } | OldWork

/** What decides on one identity besides its ledger entry. */
export interface Circumstances {
  readonly nowMs: EpochMs
  readonly sink: SinkTraits
  readonly tier?: string
  readonly cause: HorizonCause
  readonly changing: Tags
  /** Re-read for longer than it may grow, to learn how late AWS is. */
  readonly isSampled: boolean
  /** When the series were listed that the last poll knew; undefined at the first poll. */
  readonly listedMs: EpochMs | undefined
  /** The minutes whose digests are kept, oldest first; at least one range. */
  readonly digests: readonly Window[]
  /** Whether identities may be left out of polls: then an audit reads what they skipped, too. */
  readonly skips: boolean
  /** Of an identity that this tier has met for the first time, or that has more fields here than at the last poll. */
  readonly other?: OtherTier
}

/** One identity's part of a slice. */
export interface EntryPlan {
  readonly work: Work
  readonly circumstances: Circumstances
  /** Whether it is met for the first time. */
  readonly isFirst: boolean
  /** As it was, or would be if the identity were known: what stays when the outcome is incomplete. */
  readonly base: Entry
  /** As it will be committed when everything comes complete, but for what the outcome changes. */
  readonly entry: Entry
  readonly window: Window
  /** What is collected, and what the earlier lines of the window were written with besides. */
  readonly asked: readonly SeriesStatistics[]
  /** Of its gaps, what cannot be had any more. */
  readonly beyond: Beyond
  readonly settledEndMs: EpochMs
  readonly finalBeforeMs: EpochMs
  /** Of the window, what is to be decided on. */
  readonly isWanted: (timeMs: EpochMs) => boolean
}

/** Beyond its horizon, how long a sampled identity is watched. */
const SAMPLE_MS = 30 * 60_000

/**
 * An identity met for the first time: three hours back; when it was born while nothing ran, the rest is a gap. A store
 * that adds rewrites up may have had an earlier owner: there the very first run starts at now.
 */
function meet(identity: Identity, circumstances: Circumstances): Entry {
  const { nowMs, sink, cause, changing, listedMs, other, tier } = circumstances
  const fields = fieldSetOf(identity.wanted)
  const isTaken = other !== undefined && tier !== undefined
  const takenOverMs = isTaken ? collectedBy(other, fields, sink)?.endMs : undefined
  const endMs = readEnd(circumstances, endAt(nowMs, settleMs(cause)))
  const isCautious = sink.rewrite === 'both' && listedMs === undefined
  const oldestMs = Math.min(oldestOf(nowMs, sink), endMs)
  // Three hours before the end of what is read: more would not fit in one request and be billed twice.
  const usualMs = isCautious ? endMs : Math.max(endMs - FIRST_LOOK_MS, oldestMs)
  // Earlier minutes are in the other tier's series.
  const lookMs = takenOverMs === undefined ? usualMs : Math.min(Math.max(takenOverMs, oldestMs), endMs)
  const isNew = listedMs !== undefined && takenOverMs === undefined
  const bornMs = isNew ? Math.max(endAt(listedMs, NEW_METRIC_MS), oldestMs) : lookMs
  const firstMs = Math.min(lookMs, bornMs)
  const met = {
    throughMs: lookMs,
    polledMs: 0,
    firstMs,
    fields,
    former: [],
    missing: NO_FIELDS,
    holes: [],
    elsewhere: [],
    tags: changing,
    past: [],
    waits: 0,
    gaps: joinRanges([{ startMs: firstMs, endMs: lookMs }]),
    done: [],
  }
  // Of a function of which nothing but the core is collected, this tier knows nothing while it is critical.
  return other === undefined || tier !== undefined ? met : takeBack(met, fields, { other, sink })
}

/** A known identity whose fields were another tier's meanwhile, or are not any more. */
function handOver(entry: Entry, fields: FieldSet, { other, sink, tier }: Circumstances): Entry {
  if (other === undefined) return entry
  if (tier === undefined) return takeBack(entry, fields, { other, sink })
  const collected = collectedBy(other, fields, sink)
  return collected === undefined ? entry : comeBack(entry, collected)
}

/** A known identity, with the tags and fields of today. */
function renew(identity: Identity, given: Entry, circumstances: Circumstances): Entry {
  const { changing, nowMs, sink, digests } = circumstances
  const fields = fieldSetOf(identity.wanted)
  const entry = handOver(given, fields, circumstances)
  const { goneMs: _, ...known } = entry
  // As far back as a gap or a backfill by hand may write: under today's tags its minutes would be held twice.
  const keepMs = Math.min(digests[0]?.startMs ?? nowMs, endAt(nowMs, MAX_LOOKBACK_MS))
  // Where lines go out early, minutes after the watermark may be written already.
  const writtenMs = isWrittenOnce(sink) ? 0 : endAt(entry.polledMs, EARLY_MS)
  const since = { fromMs: Math.max(entry.throughMs, writtenMs), keepMs }
  const renewed = changeTags(changeFields(known, fields, since), changing, since)
  return { ...keepRecent(renewed, keepMs), missing: commonFields(entry.missing, fields) }
}

function readEnd({ nowMs, sink }: Circumstances, settledEndMs: EpochMs): EpochMs {
  return isWrittenOnce(sink) ? settledEndMs : Math.max(settledEndMs, endAt(nowMs, EARLY_MS))
}

/** From where a known identity is read again: as long as it may grow, and further for what it has not told yet. */
function rereadStart(
  entry: Entry,
  { cause, nowMs, sink, isSampled, listedMs = nowMs }: Circumstances,
  { endMs, isNew }: { readonly endMs: EpochMs; readonly isNew: boolean },
): EpochMs {
  const growing = endAt(nowMs, latestMs(cause) + (isSampled ? SAMPLE_MS : 0))
  const listed = isNew ? endAt(Math.min(listedMs, endMs), NEW_METRIC_MS) : endMs
  // What lacks a field for longer is a hole to be filled once the field comes: read again with every poll it would cost for nothing.
  const lacking = holesOf(entry.holes, entry.missing)
    .map(({ startMs }) => startMs)
    .filter((startMs) => startMs >= endMs - MAX_LIVE_MS)
  const wantedMs = Math.min(growing, listed, ...lacking)
  return Math.max(wantedMs, endMs - MAX_LIVE_MS, entry.firstMs, oldestOf(nowMs, sink))
}

/** What to ask for: everything with which a line of the window was written goes along, or it would be gone with the next one. */
function askedOf(identity: Identity, entry: Entry, window: Window): readonly SeriesStatistics[] {
  return withFields(identity.wanted, droppedFields(entry, window.startMs))
}

/** The entry without what can be had no more of its holes whose fields come again: as of a gap, that is told. */
function cutOldHoles(
  entry: Entry,
  circumstances: Circumstances,
): { readonly holes: Entry['holes']; readonly beyond: Beyond } {
  const fields = withoutFields(entry.fields, entry.missing)
  const { left: _, ...beyond } = cutBeyond(holesOf(entry.holes, fields), circumstances)
  if (beyond.lostMs + beyond.refusedMs === 0) return { holes: entry.holes, beyond }
  const { nowMs, sink } = circumstances
  const gone = { startMs: 0, endMs: oldestOf(nowMs, sink) }
  return { holes: fillHoles(entry.holes, gone, fields), beyond }
}

/** What a poll asks of an identity; undefined when all its final minutes are committed. */
export function planLive(
  work: Work,
  known: Entry | undefined,
  circumstances: Circumstances,
): EntryPlan | undefined {
  const { identity } = work
  const { nowMs, cause, sink } = circumstances
  const settledEndMs = endAt(nowMs, settleMs(cause))
  const endMs = readEnd(circumstances, settledEndMs)
  const base = known ?? meet(identity, circumstances)
  const renewed = known === undefined ? base : renew(identity, known, circumstances)
  const { holes, beyond: beyondHoles } = cutOldHoles(renewed, circumstances)
  const entry = { ...renewed, holes }
  if (entry.throughMs >= endMs && known !== undefined) return undefined
  const isNew = known !== undefined && withoutFields(entry.fields, known.fields) !== NO_FIELDS
  const live = liveWindow(entry.throughMs, endMs, oldestOf(nowMs, sink))
  const startMs =
    known === undefined
      ? live.window.startMs
      : Math.min(live.window.startMs, rereadStart(entry, circumstances, { endMs, isNew }))
  const { left: gaps, ...beyond } = cutBeyond([...entry.gaps, live.skipped], circumstances)
  return {
    work,
    circumstances,
    isFirst: known === undefined,
    base,
    entry: { ...entry, throughMs: Math.max(entry.throughMs, settledEndMs), polledMs: nowMs, gaps },
    window: { startMs, endMs },
    asked: askedOf(identity, entry, { startMs, endMs }),
    beyond: addBeyond(beyond, beyondHoles),
    settledEndMs,
    finalBeforeMs: entry.throughMs,
    isWanted: (timeMs) => timeMs >= live.window.startMs || !isWithin(entry.gaps, timeMs),
  }
}

/** What an old range asks of an identity; undefined when there is nothing to decide on. */
export function planOld(work: OldWork, known: Entry, circumstances: Circumstances): EntryPlan | undefined {
  const { nowMs, sink, cause, digests } = circumstances
  const { purpose } = work
  const finalEndMs = endAt(nowMs, settleMs(cause))
  const isCatchingUp = purpose === 'audit' && circumstances.skips
  // What was skipped is written now, with the fields and tags of today, as a poll would have.
  const entry = isCatchingUp ? renew(work.identity, known, circumstances) : known
  const settledEndMs = isCatchingUp
    ? finalEndMs
    : Math.min(finalEndMs, Math.max(entry.throughMs, entry.firstMs))
  const reachedMs = purpose === 'audit' ? entry.firstMs : 0
  const startMs = Math.max(work.window.startMs, reachedMs, oldestOf(nowMs, sink))
  const window = { startMs, endMs: Math.min(work.window.endMs, settledEndMs) }
  if (window.startMs >= window.endMs) return undefined
  const { left: gaps, ...beyond } = isCatchingUp
    ? cutBeyond([...entry.gaps, { startMs: entry.throughMs, endMs: window.startMs }], circumstances)
    : { left: entry.gaps, ...NOTHING_BEYOND }
  const isOpen = (timeMs: EpochMs): boolean => isWithin(entry.gaps, timeMs)
  const holes = holesOf(entry.holes, withoutFields(entry.fields, entry.missing))
  const isUntold = (timeMs: EpochMs): boolean =>
    isOpen(timeMs) || (timeMs < entry.firstMs && !isWithin(entry.done, timeMs)) || isWithin(digests, timeMs)
  const tests = {
    repair: (timeMs: EpochMs) => isOpen(timeMs) || holes.some((hole) => coversMinute(hole, timeMs)),
    audit: (timeMs: EpochMs) => !isOpen(timeMs) && isWithin(digests, timeMs),
    // What has no digest any more was written once and for all.
    backfill: (timeMs: EpochMs) => !isWrittenOnce(sink) || isUntold(timeMs),
  }
  return {
    work,
    circumstances,
    isFirst: false,
    base: known,
    entry: isCatchingUp ? { ...entry, throughMs: Math.max(entry.throughMs, window.endMs), gaps } : entry,
    window,
    asked: askedOf(work.identity, entry, window),
    beyond,
    settledEndMs,
    finalBeforeMs: purpose === 'audit' ? entry.throughMs : 0,
    isWanted: tests[purpose],
  }
}

/** What is to be asked of AWS for these plans; of live ones over `reach` as well, which costs no more. */
export function asksOf(plans: readonly EntryPlan[], reach?: Window): readonly Ask[] {
  return plans
    .filter(({ window }) => window.startMs < window.endMs)
    .map(({ work, asked, window }) => ({
      wanted: asked,
      window: work.purpose === 'live' ? reaching(window, reach) : window,
    }))
}

/** The window with what else is to be seen of it. */
export function reaching(window: Window, reach: Window | undefined): Window {
  if (reach === undefined) return window
  return {
    startMs: Math.min(window.startMs, reach.startMs),
    endMs: Math.max(window.endMs, reach.endMs),
  }
}
