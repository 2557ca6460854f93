import type { Json, RunContext } from 'guance-aws-lambda/dff'
import type { CostRow } from './cost-page.ts'
import type { Day } from './day.ts'
import { type Place, placeKey } from './place.ts'

/** What was written last of one group: its units as a text, currency, revision, and the reading that saw it last. */
type Entry = readonly [units: string, currency: string, revision: number, reading: number]

/** What was written of one day under one question, by the group's keys as JSON. */
export type Book = Readonly<Record<string, Entry>>

/** An amount that has to be written. */
export interface Change {
  readonly day: Day
  readonly keys: readonly string[]
  readonly units: bigint
  /** Against the revision before; the whole amount at the first. */
  readonly changeUnits: bigint
  readonly currency: string
  readonly revision: number
}

function keyOf(place: Place, day: Day): string {
  return `${placeKey('book', place)}/${day}`
}

/** Books of some days; a day of which nothing was written has an empty one. */
export async function loadBooks(
  context: RunContext,
  place: Place,
  days: Iterable<Day>,
): Promise<Map<Day, Book>> {
  const loaded = [...days].map(async (day) => {
    // Written by bookState alone.
    const book = ((await context.load(keyOf(place, day))) ?? {}) as unknown as Book
    return [day, book] as const
  })
  return new Map(await Promise.all(loaded))
}

/** State of changed books; an undefined one is deleted. */
export function bookState(place: Place, books: ReadonlyMap<Day, Book | undefined>): Record<string, Json> {
  const entries = [...books].map(([day, book]) => [keyOf(place, day), (book ?? null) as unknown as Json])
  return Object.fromEntries(entries) as Record<string, Json>
}

interface Noted {
  readonly book: Book
  readonly changes: readonly Change[]
}

function makeChange(row: CostRow, before: Entry | undefined): Change {
  const { day, keys, units, currency } = row
  const beforeUnits = before === undefined ? 0n : BigInt(before[0])
  return { day, keys, units, changeUnits: units - beforeUnits, currency, revision: (before?.[2] ?? 0) + 1 }
}

/** Notes rows of one day as seen by a reading; those that are new or differ are to be written. */
export function noteRows(book: Book, rows: readonly CostRow[], reading: number): Noted {
  const next: Record<string, Entry> = { ...book }
  const changes: Change[] = []
  for (const row of rows) {
    const key = JSON.stringify(row.keys)
    const before = Object.hasOwn(next, key) ? next[key] : undefined
    const isSame = before !== undefined && before[0] === String(row.units) && before[1] === row.currency
    const change = isSame ? undefined : makeChange(row, before)
    if (change !== undefined) changes.push(change)
    next[key] = [String(row.units), row.currency, change?.revision ?? before?.[2] ?? 1, reading]
  }
  return { book: next, changes }
}

/** After a reading's last page: what it did not find any more costs nothing now, such as what was credited or moved. */
export function noteGone(day: Day, book: Book, reading: number): Noted {
  const gone = Object.entries(book).flatMap(([key, [units, currency, , seen]]): CostRow[] =>
    seen === reading || units === '0'
      ? []
      : [{ day, keys: JSON.parse(key) as string[], units: 0n, currency }],
  )
  return noteRows(book, gone, reading)
}
