import { HOUR_MS, type EpochMs, type SinkTraits, type Window } from 'guance-aws-lambda/dff'
import { type Beyond, cutBeyond, NOTHING_BEYOND, oldestOf } from './beyond.ts'
import { DIGEST_HOURS } from './digest.ts'
import { type HorizonCause, latestMs, settleMs } from './horizon.ts'
import { addedFields, fieldsOf, hashFields, type Identity } from './identity.ts'
import type { Entry, Tags } from './ledger.ts'
import type { Ask } from './plan.ts'
import { cutRanges, isWithin, joinRanges } from './ranges.ts'
import { changeTags } from './tags.ts'
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
  readonly cause: HorizonCause
  readonly changing: Tags
  /** Re-read for longer than it may grow, to learn how late AWS is. */
  readonly isSampled: boolean
  /** When the series were listed that the last poll knew; undefined at the first poll. */
  readonly listedMs: EpochMs | undefined
  /** Last poll that the bucket's ledger knows of. */
  readonly committedMs: EpochMs
  /** Last audit of the bucket. */
  readonly auditedMs: EpochMs
  /** Whether identities may be left out of polls: then an audit reads what they skipped, too. */
  readonly skips: boolean
  /** Up to where another tier has collected it, when that one has. */
  readonly takenOverMs?: EpochMs
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
  /** Of its gaps, what cannot be had any more. */
  readonly beyond: Beyond
  readonly settledEndMs: EpochMs
  readonly finalBeforeMs: EpochMs
  readonly added: ReadonlySet<string>
  /** Of the window, what is to be decided on. */
  readonly isWanted: (timeMs: EpochMs) => boolean
}

/** Beyond its horizon, how long a sampled identity is watched. */
const SAMPLE_MS = 30 * 60_000

/** An audit reads again what the last one read of its last hours: what comes that late is seen whatever the hour. */
const AUDIT_OVERLAP_HOURS = 6
const MAX_DIGEST_HOURS = 48

/** A line waits so many polls for a query that does not come complete. */
const MAX_WAITS = 3

const NO_FIELDS: ReadonlySet<string> = new Set()

function isWrittenOnce({ rewrite }: SinkTraits): boolean {
  return rewrite === 'unknown' || rewrite === 'both'
}

/**
 * Older minutes have no digest any more: 31 hours, or more when the audit is late, because what it has not read yet it
 * can only judge by them; two days at most.
 */
export function digestStart({ nowMs, auditedMs }: Pick<Circumstances, 'nowMs' | 'auditedMs'>): EpochMs {
  const dueMs = Math.min(nowMs - DIGEST_HOURS * HOUR_MS, auditedMs - (AUDIT_OVERLAP_HOURS + 1) * HOUR_MS)
  return endAt(Math.max(dueMs, nowMs - MAX_DIGEST_HOURS * HOUR_MS), 0)
}

/**
 * An identity met for the first time: three hours back; when it was born while nothing ran, the rest is a gap. A store
 * that adds rewrites up may have had an earlier owner: there the very first run starts at now.
 */
function meet(identity: Identity, circumstances: Circumstances): Entry {
  const { nowMs, sink, cause, changing, listedMs, takenOverMs } = circumstances
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
  return {
    throughMs: lookMs,
    firstMs,
    fields: hashFields(fieldsOf(identity)),
    tags: changing,
    past: [],
    waits: 0,
    gaps: joinRanges([{ startMs: firstMs, endMs: lookMs }]),
    done: [],
  }
}

/** A known identity, with the tags and fields of today. */
function renew(
  identity: Identity,
  entry: Entry,
  { changing, nowMs, sink, committedMs, auditedMs }: Circumstances,
): Entry {
  const { goneMs: _, changedMs, ...known } = entry
  const startMs = digestStart({ nowMs, auditedMs })
  // As far back as a gap or a backfill by hand may write: under today's tags its minutes would be held twice.
  const keepMs = Math.min(startMs, endAt(nowMs, MAX_LOOKBACK_MS))
  const fields = hashFields(fieldsOf(identity))
  const isChanged = fields !== entry.fields && entry.missingMs === undefined
  const sinceMs = isChanged ? Math.max(entry.throughMs, entry.firstMs) : changedMs
  // Where lines go out early, minutes after the watermark may be written already.
  const writtenMs = isWrittenOnce(sink) ? 0 : endAt(committedMs, EARLY_MS)
  const tagged = changeTags(known, changing, { fromMs: Math.max(entry.throughMs, writtenMs), keepMs })
  const isRecent = sinceMs !== undefined && sinceMs > startMs
  return { ...tagged, fields, ...(isRecent ? { changedMs: sinceMs } : {}) }
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
  const missing = isNew
    ? Math.min(endAt(Math.min(listedMs, endMs), NEW_METRIC_MS), entry.missingMs ?? endMs)
    : endMs
  return Math.max(Math.min(growing, missing), endMs - MAX_LIVE_MS, entry.firstMs, oldestOf(nowMs, sink))
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
  const entry = known === undefined ? base : renew(identity, known, circumstances)
  if (entry.throughMs >= endMs && known !== undefined) return undefined
  const added = known === undefined ? NO_FIELDS : addedFields(fieldsOf(identity), known.fields)
  const live = liveWindow(entry.throughMs, endMs, oldestOf(nowMs, sink))
  const startMs =
    known === undefined
      ? live.window.startMs
      : Math.min(live.window.startMs, rereadStart(entry, circumstances, { endMs, isNew: added.size > 0 }))
  const { left: gaps, ...beyond } = cutBeyond([...entry.gaps, live.skipped], circumstances)
  return {
    work,
    circumstances,
    isFirst: known === undefined,
    base,
    entry: { ...entry, throughMs: Math.max(entry.throughMs, settledEndMs), gaps },
    window: { startMs, endMs },
    beyond,
    settledEndMs,
    finalBeforeMs: entry.throughMs,
    added,
    isWanted: (timeMs) => timeMs >= live.window.startMs || !isWithin(entry.gaps, timeMs),
  }
}

/** What an old range asks of an identity; undefined when there is nothing to decide on. */
export function planOld(work: OldWork, entry: Entry, circumstances: Circumstances): EntryPlan | undefined {
  const { nowMs, sink, cause } = circumstances
  const { purpose } = work
  const finalEndMs = endAt(nowMs, settleMs(cause))
  const isCatchingUp = purpose === 'audit' && circumstances.skips
  const settledEndMs = isCatchingUp
    ? finalEndMs
    : Math.min(finalEndMs, Math.max(entry.throughMs, entry.firstMs))
  const reachedMs = purpose === 'audit' ? Math.max(entry.firstMs, digestStart(circumstances)) : 0
  const startMs = Math.max(work.window.startMs, reachedMs, oldestOf(nowMs, sink))
  const window = { startMs, endMs: Math.min(work.window.endMs, settledEndMs) }
  if (window.startMs >= window.endMs) return undefined
  const { left: gaps, ...beyond } = isCatchingUp
    ? cutBeyond([...entry.gaps, { startMs: entry.throughMs, endMs: window.startMs }], circumstances)
    : { left: entry.gaps, ...NOTHING_BEYOND }
  const isOpen = (timeMs: EpochMs): boolean => isWithin(entry.gaps, timeMs)
  const isUntold = (timeMs: EpochMs): boolean =>
    isOpen(timeMs) ||
    (timeMs < entry.firstMs && !isWithin(entry.done, timeMs)) ||
    timeMs >= digestStart(circumstances)
  const tests = {
    repair: isOpen,
    audit: (timeMs: EpochMs) => !isOpen(timeMs),
    // What has no digest any more was written once and for all.
    backfill: (timeMs: EpochMs) => !isWrittenOnce(sink) || isUntold(timeMs),
  }
  return {
    work,
    circumstances,
    isFirst: false,
    base: entry,
    entry: isCatchingUp ? { ...entry, throughMs: Math.max(entry.throughMs, window.endMs), gaps } : entry,
    window,
    beyond,
    settledEndMs,
    finalBeforeMs: purpose === 'audit' ? entry.throughMs : 0,
    added: NO_FIELDS,
    isWanted: tests[purpose],
  }
}

/** What is to be asked of AWS for these plans; of live ones over `reach` as well, which costs no more. */
export function asksOf(plans: readonly EntryPlan[], reach?: Window): readonly Ask[] {
  return plans
    .filter(({ window }) => window.startMs < window.endMs)
    .map(({ work, window }) => ({
      wanted: work.identity.wanted,
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

/** The ledger entry after a plan whose queries all came complete, or are Forbidden. */
export function completeEntry({ work, entry, window }: EntryPlan): Entry {
  if (work.purpose === 'audit') return entry
  if (work.purpose === 'live') {
    const { missingMs: _, ...rest } = entry
    return { ...rest, waits: 0 }
  }
  const gaps = cutRanges(entry.gaps, window)
  if (work.purpose === 'repair') return { ...entry, gaps }
  const done = cutRanges([...entry.done, window], { startMs: entry.firstMs, endMs: Number.MAX_SAFE_INTEGER })
  return { ...entry, gaps, done }
}

/** Whether a line has waited long enough for its incomplete queries to go out without them. */
export function isOverdue({ entry, work }: EntryPlan): boolean {
  return work.purpose === 'live' && entry.waits + 1 >= MAX_WAITS
}

/** The entry of an identity that stays where it was, because not all of its queries came complete. */
export function waitingEntry({ base, work }: EntryPlan): Entry {
  return work.purpose === 'live' ? { ...base, waits: Math.min(base.waits + 1, MAX_WAITS) } : base
}

/** The entry of an identity whose lines went out without `missing` fields: they are asked for again as if they were new. */
export function partialEntry(plan: EntryPlan, missing: ReadonlySet<string>): Entry {
  const fields = fieldsOf(plan.work.identity).filter((field) => !missing.has(field))
  const missingMs = plan.entry.missingMs ?? plan.finalBeforeMs
  return { ...plan.entry, fields: hashFields(fields), waits: MAX_WAITS, missingMs }
}
