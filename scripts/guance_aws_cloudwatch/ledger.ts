import { type EpochMs, type Json, MINUTE_MS, type Window } from 'guance-aws-lambda/dff'
import { FOREVER_MS } from './digest-ranges.ts'
import { type FieldSet, NO_FIELDS } from './field-set.ts'
import type { FormerFields } from './former-fields.ts'
import type { Hole } from './holes.ts'

export type Tags = Readonly<Record<string, string>>

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
  readonly begun?: readonly Hole[]
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

type StoredRange = readonly [start: number, end: number]
type StoredHole = readonly [start: number, end: number, fields: number]

/** What few identities have; left out where it is usual. */
interface StoredException {
  readonly f?: readonly (readonly [until: number, fields: number])[]
  readonly m?: number
  readonly h?: readonly StoredHole[]
  readonly e?: readonly StoredHole[]
  readonly b?: readonly StoredHole[]
  readonly p?: readonly (readonly [until: number, tags: number])[]
  readonly w?: number
  readonly g?: readonly StoredRange[]
  readonly d?: readonly StoredRange[]
  readonly x?: readonly [minutes: number, first: number, last: number]
  readonly n?: number
  readonly a?: number
}

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

function toRanges(windows: readonly Window[]): readonly StoredRange[] {
  return windows.map(({ startMs, endMs }) => [startMs / MINUTE_MS, endMs / MINUTE_MS])
}

function fromRanges(ranges: readonly StoredRange[] = []): readonly Window[] {
  return ranges.map(([start, end]) => ({ startMs: start * MINUTE_MS, endMs: end * MINUTE_MS }))
}

function storeKept({ startMs, endMs }: Window): readonly [start: number, end?: number] {
  const start = startMs / MINUTE_MS
  return endMs === FOREVER_MS ? [start] : [start, endMs / MINUTE_MS]
}

/** Gives each distinct value a number. */
class Table<T> {
  readonly values: T[] = []
  readonly #numbers = new Map<string, number>()

  numberOf(value: T): number {
    const key = JSON.stringify(value)
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, this.values.length)
    return this.values.push(value) - 1
  }
}

interface Tables {
  readonly tags: Table<Tags>
  readonly fields: Table<FieldSet>
}

function storeHoles(holes: readonly Hole[], fields: Tables['fields']): readonly StoredHole[] {
  return holes.map((one) => [one.startMs / MINUTE_MS, one.endMs / MINUTE_MS, fields.numberOf(one.fields)])
}

function exceptionOf(entry: Entry, { tags, fields }: Tables): StoredException | undefined {
  const {
    former,
    missing,
    holes,
    elsewhere,
    begun = [],
    past,
    waits,
    gaps,
    done,
    told,
    goneMs,
    aliveMs,
  } = entry
  const exception: StoredException = {
    ...(former.length === 0
      ? {}
      : { f: former.map((one) => [one.untilMs / MINUTE_MS, fields.numberOf(one.fields)] as const) }),
    ...(missing === NO_FIELDS ? {} : { m: fields.numberOf(missing) }),
    ...(holes.length === 0 ? {} : { h: storeHoles(holes, fields) }),
    ...(elsewhere.length === 0 ? {} : { e: storeHoles(elsewhere, fields) }),
    ...(begun.length === 0 ? {} : { b: storeHoles(begun, fields) }),
    ...(past.length === 0
      ? {}
      : { p: past.map((one) => [one.untilMs / MINUTE_MS, tags.numberOf(one.tags)] as const) }),
    ...(waits === 0 ? {} : { w: waits }),
    ...(gaps.length === 0 ? {} : { g: toRanges(gaps) }),
    ...(done.length === 0 ? {} : { d: toRanges(done) }),
    ...(told === undefined
      ? {}
      : { x: [told.minutes, told.firstMs / MINUTE_MS, told.lastMs / MINUTE_MS] as const }),
    ...(goneMs === undefined ? {} : { n: goneMs / MINUTE_MS }),
    ...(aliveMs === undefined ? {} : { a: aliveMs / MINUTE_MS }),
  }
  return Object.keys(exception).length === 0 ? undefined : exception
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
  exception: StoredException,
): Entry {
  const { f = [], m, h = [], e = [], b, p = [], w = 0, g, d, x, n, a } = exception
  const fieldsOf = (number: number): FieldSet =>
    stored.v === 1 ? NO_FIELDS : (stored.fields[number] ?? NO_FIELDS)
  const holeOf = ([start, end, number]: StoredHole): Hole => ({
    startMs: start * MINUTE_MS,
    endMs: end * MINUTE_MS,
    fields: fieldsOf(number),
  })
  return {
    throughMs: through * MINUTE_MS,
    polledMs: polled * MINUTE_MS,
    firstMs: first * MINUTE_MS,
    fields: fieldsOf(fields),
    former: f.map(([until, number]) => ({ untilMs: until * MINUTE_MS, fields: fieldsOf(number) })),
    missing: m === undefined ? NO_FIELDS : fieldsOf(m),
    holes: h.map(holeOf),
    elsewhere: e.map(holeOf),
    ...(b === undefined ? {} : { begun: b.map(holeOf) }),
    tags: stored.tags[tags] ?? {},
    past: p.map(([until, number]) => ({ untilMs: until * MINUTE_MS, tags: stored.tags[number] ?? {} })),
    waits: w,
    gaps: fromRanges(g),
    done: fromRanges(d),
    ...(x === undefined
      ? {}
      : { told: { minutes: x[0], firstMs: x[1] * MINUTE_MS, lastMs: x[2] * MINUTE_MS } }),
    ...(n === undefined ? {} : { goneMs: n * MINUTE_MS }),
    ...(a === undefined ? {} : { aliveMs: a * MINUTE_MS }),
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
      entries.set(id, makeEntry(stored, row, stored.except[id] ?? {}))
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
