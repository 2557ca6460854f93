import { type EpochMs, type Json, MINUTE_MS, type Window } from 'guance-aws-lambda/dff'
import { FOREVER_MS } from './digest-ranges.ts'
import { type FieldSet, NO_FIELDS } from './field-set.ts'
import type { FormerFields } from './former-fields.ts'
import type { Hole } from './holes.ts'
import { exceptionOf, readException, type StoredException, Table } from './stored-exception.ts'

export type Tags = Readonly<Record<string, string>>

/** Lines that another tier has begun, with the tags that can change and its own. */
export interface Begun extends Hole {
  readonly tags: Tags
}

/** Differences that were told and stay. */
export interface Told {
  readonly minutes: number
  readonly firstMs: EpochMs
  readonly lastMs: EpochMs
}

/** What is remembered of one identity; lines, cursors and gaps are committed together. */
export interface Entry {
  /** Every earlier minute is complete, final and committed, but for the gaps. */
  readonly throughMs: EpochMs
  /** `now` of the last poll that told of it: its bucket's last, unless it slept, waited for its turn or for AWS, or left. */
  readonly polledMs: EpochMs
  /** Where its first look began: known since. */
  readonly firstMs: EpochMs
  /** Fields that are collected, as of the last poll; none where nobody knows. */
  readonly fields: FieldSet
  /** Earlier ones, oldest first. */
  readonly former: readonly FormerFields[]
  /** Of the fields, those that lines go out without, because AWS does not answer for them. */
  readonly missing: FieldSet
  /** Where lines went out without some of their fields. */
  readonly holes: readonly Hole[]
  /** Where fields that are collected now are in the lines of another tier. */
  readonly elsewhere: readonly Hole[]
  /** Where fields that are collected now are written to lines that the critical tier has begun. */
  readonly begun?: readonly Begun[]
  /** Tags that may change, as last written. */
  readonly tags: Tags
  /** Earlier ones, oldest first: minutes before `untilMs` were written with them. */
  readonly past: readonly { readonly untilMs: EpochMs; readonly tags: Tags }[]
  /** Polls that its lines have waited for a query that does not come complete. */
  readonly waits: number
  /** Ranges before throughMs that were skipped or came incomplete. */
  readonly gaps: readonly Window[]
  /** Ranges before firstMs that were fetched by hand. */
  readonly done: readonly Window[]
  /** Changes of minutes that were written for good: told, not written; forgotten after two weeks. */
  readonly told?: Told
  /** When AWS first no longer listed it. */
  readonly goneMs?: EpochMs
  /** Since when it is known to have existed, while that is later than firstMs and recent; kept where zeros are written. */
  readonly aliveMs?: EpochMs
}

/** One bucket: the unit of state. */
export interface Ledger {
  /** By fingerprint. */
  readonly entries: ReadonlyMap<string, Entry>
  readonly auditedMs: EpochMs
  /** Last audit that was begun, complete or not. */
  readonly triedMs: EpochMs
  /** `now` of the last poll that was committed. */
  readonly polledMs: EpochMs
  /** Hours for which digests are stored. */
  readonly hours: readonly number[]
  /** The minutes of which every line has its digest, the last range without an end; undefined where nobody wrote it down. */
  readonly kept: readonly Window[] | undefined
  /** The store that got what the digests are of; undefined where nobody knows. */
  readonly store?: string
}

/** 36 bits in base64url: among the 1,000 identities of a full bucket, one in 70 million new ones is mistaken for known. */
export const FINGERPRINT_LENGTH = 6

/** Identities that are alike in everything usual share one row; times are in minutes. */
interface StoredLedger {
  /** 1: `fields` are hashes, from which nobody knows what was collected. */
  readonly v: 1 | 2
  readonly audited: number
  readonly tried: number
  readonly polled: number
  readonly hours: readonly number[]
  /** A range without an end has none. */
  readonly kept?: readonly (readonly [start: number, end?: number])[]
  readonly store?: string
  readonly tags: readonly Tags[]
  readonly fields: readonly string[]
  readonly rows: readonly (readonly [
    through: number,
    first: number,
    fields: number,
    tags: number,
    ids: string,
    /** Left out where it is the bucket's. */
    polled?: number,
  ])[]
  readonly except: Readonly<Record<string, StoredException>>
}

function storeKept({ startMs, endMs }: Window): readonly [start: number, end?: number] {
  const start = startMs / MINUTE_MS
  return endMs === FOREVER_MS ? [start] : [start, endMs / MINUTE_MS]
}

/** The ledger as state: what identities share is written once. All times are whole minutes. */
export function encodeLedger({ entries, auditedMs, triedMs, polledMs, hours, kept, store }: Ledger): Json {
  const tags = new Table<Tags>()
  const fields = new Table<FieldSet>()
  const rows = new Map<string, [number, number, number, number, string, number?]>()
  const except: Record<string, StoredException> = {}
  const polled = Math.floor(polledMs / MINUTE_MS)
  for (const [id, entry] of entries) {
    const through = entry.throughMs / MINUTE_MS
    const first = entry.firstMs / MINUTE_MS
    const row = [through, first, fields.numberOf(entry.fields), tags.numberOf(entry.tags)] as const
    const own = Math.floor(entry.polledMs / MINUTE_MS)
    const key = [...row, own].join()
    const same = rows.get(key)
    if (same === undefined) rows.set(key, own === polled ? [...row, id] : [...row, id, own])
    else same[4] += id
    const exception = exceptionOf(entry, { tags, fields })
    if (exception !== undefined) except[id] = exception
  }
  const stored: StoredLedger = {
    v: 2,
    audited: Math.floor(auditedMs / MINUTE_MS),
    tried: Math.floor(triedMs / MINUTE_MS),
    polled,
    hours,
    ...(kept === undefined ? {} : { kept: kept.map(storeKept) }),
    ...(store === undefined ? {} : { store }),
    tags: tags.values,
    fields: fields.values,
    rows: [...rows.values()],
    except,
  }
  // Plain data, but an interface has no index signature and so is no Json to the compiler.
  return stored as unknown as Json
}

function makeEntry(
  stored: StoredLedger,
  [through, first, fields, tags, , polled = stored.polled]: StoredLedger['rows'][number],
  exception: StoredException | undefined,
): Entry {
  const fieldsOf = (number: number): FieldSet =>
    stored.v === 1 ? NO_FIELDS : (stored.fields[number] ?? NO_FIELDS)
  const tagsOf = (number: number): Tags => stored.tags[number] ?? {}
  return {
    throughMs: through * MINUTE_MS,
    polledMs: polled * MINUTE_MS,
    firstMs: first * MINUTE_MS,
    fields: fieldsOf(fields),
    tags: tagsOf(tags),
    ...readException(exception, { fieldsOf, tagsOf }),
  }
}

/** Reads what encodeLedger wrote; undefined when the bucket was never committed. */
export function decodeLedger(json: Json | undefined): Ledger | undefined {
  if (json === undefined || json === null) return undefined
  // Written by encodeLedger alone.
  const stored = json as unknown as StoredLedger
  const entries = new Map<string, Entry>()
  for (const row of stored.rows) {
    const ids = row[4]
    for (let at = 0; at < ids.length; at += FINGERPRINT_LENGTH) {
      const id = ids.slice(at, at + FINGERPRINT_LENGTH)
      entries.set(id, makeEntry(stored, row, stored.except[id]))
    }
  }
  const { audited, tried, polled, hours, kept, store } = stored
  return {
    entries,
    auditedMs: audited * MINUTE_MS,
    triedMs: tried * MINUTE_MS,
    polledMs: polled * MINUTE_MS,
    hours,
    kept: kept?.map(([start, end]) => ({
      startMs: start * MINUTE_MS,
      endMs: end === undefined ? FOREVER_MS : end * MINUTE_MS,
    })),
    ...(store === undefined ? {} : { store }),
  }
}
