import { MINUTE_MS, type Window } from 'guance-aws-lambda/dff'
import { type FieldSet, NO_FIELDS } from './field-set.ts'
import type { Hole } from './holes.ts'
import type { Entry, Tags } from './ledger.ts'

type StoredRange = readonly [start: number, end: number]
type StoredHole = readonly [start: number, end: number, fields: number]

/** What few identities have; left out where it is usual. */
export interface StoredException {
  readonly f?: readonly (readonly [until: number, fields: number])[]
  readonly m?: number
  readonly h?: readonly StoredHole[]
  readonly e?: readonly StoredHole[]
  readonly b?: readonly (readonly [...hole: StoredHole, tags: number])[]
  readonly p?: readonly (readonly [until: number, tags: number])[]
  readonly w?: number
  readonly g?: readonly StoredRange[]
  readonly d?: readonly StoredRange[]
  readonly x?: readonly [minutes: number, first: number, last: number]
  readonly n?: number
  readonly a?: number
}

function toRanges(windows: readonly Window[]): readonly StoredRange[] {
  return windows.map(({ startMs, endMs }) => [startMs / MINUTE_MS, endMs / MINUTE_MS])
}

function fromRanges(ranges: readonly StoredRange[] = []): readonly Window[] {
  return ranges.map(([start, end]) => ({ startMs: start * MINUTE_MS, endMs: end * MINUTE_MS }))
}

/** Gives each distinct value a number. */
export class Table<T> {
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

/** What of an entry is not usual, as state; undefined when nothing is. */
export function exceptionOf(entry: Entry, { tags, fields }: Tables): StoredException | undefined {
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
    ...(begun.length === 0
      ? {}
      : {
          b: begun.map(
            (one) =>
              [
                one.startMs / MINUTE_MS,
                one.endMs / MINUTE_MS,
                fields.numberOf(one.fields),
                tags.numberOf(one.tags),
              ] as const,
          ),
        }),
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

/** The parts of an entry that few have, from state. */
export function readException(
  { f = [], m, h = [], e = [], b, p = [], w = 0, g, d, x, n, a }: StoredException = {},
  {
    fieldsOf,
    tagsOf,
  }: { readonly fieldsOf: (number: number) => FieldSet; readonly tagsOf: (number: number) => Tags },
): Omit<Entry, 'throughMs' | 'polledMs' | 'firstMs' | 'fields' | 'tags'> {
  const holeOf = ([start, end, number]: StoredHole): Hole => ({
    startMs: start * MINUTE_MS,
    endMs: end * MINUTE_MS,
    fields: fieldsOf(number),
  })
  return {
    former: f.map(([until, number]) => ({ untilMs: until * MINUTE_MS, fields: fieldsOf(number) })),
    missing: m === undefined ? NO_FIELDS : fieldsOf(m),
    holes: h.map(holeOf),
    elsewhere: e.map(holeOf),
    ...(b === undefined
      ? {}
      : {
          begun: b.map(([start, end, number, tags]) => ({
            ...holeOf([start, end, number]),
            tags: tagsOf(tags),
          })),
        }),
    past: p.map(([until, number]) => ({ untilMs: until * MINUTE_MS, tags: tagsOf(number) })),
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
