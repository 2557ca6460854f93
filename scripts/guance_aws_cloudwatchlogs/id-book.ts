import { alignDown, type EpochMs, type Json, MINUTE_MS } from 'guance-aws-lambda/dff'
import { IdLog } from './id-log.ts'

/** With more, minutes have state values of their own, so that a page rewrites only those it touched. */
const MAX_INLINE = 1_000

/** Ids of one state value, 44 KB: a page rewrites the last value of a minute at most, and appends others. */
const IDS_PER_VALUE = 4_000

/** A minute with values of its own, and how many; a number alone is of an earlier version, which had one value a minute. */
type StoredMinute = EpochMs | readonly [minuteMs: EpochMs, values: number]

/** What a group's own state value keeps of the ids: all of them, or the minutes that have values of their own. */
export interface IdHeader {
  readonly inline?: Readonly<Record<string, string>>
  readonly minutes?: readonly StoredMinute[]
}

/** Names the state value of a minute's ids with this number. */
export type IdKey = (minuteMs: EpochMs, index: number) => string

interface Stored {
  /** State values in the store. */
  readonly values: number
  /** Ids in them; 0 where they are not cut as they are now, and are to be written again. */
  readonly ids: number
}

const NOT_STORED: Stored = { values: 0, ids: 0 }

/** Which events of the minutes that are still open were delivered. */
export class IdBook {
  readonly #minutes = new Map<EpochMs, IdLog>()
  readonly #stored = new Map<EpochMs, Stored>()
  #size = 0

  /** Reads what a header points to. */
  static async load(
    { inline = {}, minutes = [] }: IdHeader,
    load: (minuteMs: EpochMs, index: number) => Promise<Json | undefined>,
  ): Promise<IdBook> {
    const book = new IdBook()
    for (const [minute, text] of Object.entries(inline)) book.#addPacked(Number(minute), text)
    for (const stored of minutes) {
      const [minuteMs, values] = typeof stored === 'number' ? [stored, 1] : stored
      for (let index = 0; index < values; index += 1) {
        // One after the other: the host answers so many questions at a time, and other groups ask too.
        const text = await load(minuteMs, index)
        book.#addPacked(minuteMs, typeof text === 'string' ? text : '')
      }
      const ids = typeof stored === 'number' ? 0 : (book.#minutes.get(minuteMs)?.size ?? 0)
      book.#stored.set(minuteMs, { values, ids })
    }
    return book
  }

  #addPacked(minuteMs: EpochMs, text: string): void {
    const ids = this.#idsOf(minuteMs)
    const before = ids.size
    ids.addPacked(text)
    this.#size += ids.size - before
  }

  #idsOf(minuteMs: EpochMs): IdLog {
    const known = this.#minutes.get(minuteMs)
    if (known !== undefined) return known
    const made = new IdLog()
    this.#minutes.set(minuteMs, made)
    return made
  }

  get isEmpty(): boolean {
    return this.#minutes.size === 0
  }

  /** Ids of all minutes. */
  get size(): number {
    return this.#size
  }

  /** Takes the id down; false when it was there. */
  add(eventId: string, timeMs: EpochMs): boolean {
    const isNew = this.#idsOf(alignDown(timeMs, MINUTE_MS)).add(eventId)
    if (isNew) this.#size += 1
    return isNew
  }

  /** Ids of the minutes before. */
  countBefore(endMs: EpochMs): number {
    let count = 0
    for (const [minuteMs, { size }] of this.#minutes) if (minuteMs < endMs) count += size
    return count
  }

  /** The end of the first minutes that hold so many ids at most; undefined where the first one holds more. */
  endOfFirst(most: number): EpochMs | undefined {
    let count = 0
    let endMs: EpochMs | undefined
    for (const [minuteMs, { size }] of this.#sorted()) {
      count += size
      // What lies between is free.
      if (count > most) return endMs === undefined ? undefined : minuteMs
      endMs = minuteMs + MINUTE_MS
    }
    return endMs
  }

  /** The start of the last minutes that hold so many ids at most: all of them where it is -Infinity, none at Infinity. */
  startOfLast(most: number): EpochMs {
    let count = 0
    let startMs = Number.POSITIVE_INFINITY
    for (const [minuteMs, { size }] of this.#sorted().toReversed()) {
      count += size
      if (count > most) return startMs
      startMs = minuteMs
    }
    return Number.NEGATIVE_INFINITY
  }

  #sorted(): readonly (readonly [EpochMs, IdLog])[] {
    return [...this.#minutes].toSorted(([left], [right]) => left - right)
  }

  /** Forgets minutes that are not read again. */
  dropBefore(finalMs: EpochMs): void {
    for (const [minuteMs, { size }] of this.#minutes) {
      if (minuteMs >= finalMs) continue
      this.#minutes.delete(minuteMs)
      this.#size -= size
    }
  }

  /** The header, and the values that differ from what the store holds; null deletes one. */
  save(keyOf: IdKey): { readonly header: IdHeader; readonly state: Readonly<Record<string, Json>> } {
    const state: Record<string, Json> = {}
    const isInline = this.#size <= MAX_INLINE
    for (const [minuteMs, { values }] of this.#stored) {
      if (!isInline && this.#minutes.has(minuteMs)) continue
      for (let index = 0; index < values; index += 1) state[keyOf(minuteMs, index)] = null
      this.#stored.delete(minuteMs)
    }
    if (isInline) return { header: { inline: this.#packed() }, state }
    for (const [minuteMs, ids] of this.#minutes) this.#saveMinute(minuteMs, ids, { keyOf, state })
    return {
      header: { minutes: [...this.#stored].map(([minuteMs, { values }]) => [minuteMs, values]) },
      state,
    }
  }

  #packed(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#minutes].map(([minute, ids]) => [minute, ids.pack(0, ids.size)]))
  }

  /** Writes the value that is not full again, and those behind it. */
  #saveMinute(
    minuteMs: EpochMs,
    ids: IdLog,
    { keyOf, state }: { readonly keyOf: IdKey; readonly state: Record<string, Json> },
  ): void {
    const stored = this.#stored.get(minuteMs) ?? NOT_STORED
    if (stored.ids === ids.size) return
    const values = Math.ceil(ids.size / IDS_PER_VALUE)
    for (let index = Math.floor(stored.ids / IDS_PER_VALUE); index < values; index += 1) {
      state[keyOf(minuteMs, index)] = ids.pack(index * IDS_PER_VALUE, (index + 1) * IDS_PER_VALUE)
    }
    this.#stored.set(minuteMs, { values, ids: ids.size })
  }
}
