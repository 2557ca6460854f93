import { hash } from 'node:crypto'
import { alignDown, type EpochMs, type Json, MINUTE_MS } from 'guance-aws-lambda/dff'

/** 66 bits of a digest. Among the 200,000 events of a very busy minute two agree once in some billion such minutes. */
const ID_CHARACTERS = 11

/** With more, minutes have state values of their own, so that a page rewrites only those it touched. */
const MAX_INLINE = 1_000

/** What a group's own state value keeps of the ids: all of them, or the minutes that have values of their own. */
export interface IdHeader {
  readonly inline?: Readonly<Record<string, string>>
  readonly minutes?: readonly number[]
}

function shorten(eventId: string): string {
  return hash('sha1', eventId, 'base64url').slice(0, ID_CHARACTERS)
}

function pack(ids: ReadonlySet<string>): string {
  return [...ids].join('')
}

function unpack(text: string): Set<string> {
  const ids = new Set<string>()
  for (let at = 0; at < text.length; at += ID_CHARACTERS) ids.add(text.slice(at, at + ID_CHARACTERS))
  return ids
}

/** Which events of the minutes that are still open were delivered. */
export class IdBook {
  readonly #minutes = new Map<EpochMs, Set<string>>()
  /** Minutes that have state values of their own in the store. */
  readonly #stored: Set<EpochMs>
  readonly #changed = new Set<EpochMs>()

  private constructor(stored: Iterable<EpochMs>) {
    this.#stored = new Set(stored)
  }

  /** Reads what a header points to. */
  static async load(
    { inline = {}, minutes = [] }: IdHeader,
    load: (minuteMs: EpochMs) => Promise<Json | undefined>,
  ): Promise<IdBook> {
    const book = new IdBook(minutes)
    for (const [minute, text] of Object.entries(inline)) book.#minutes.set(Number(minute), unpack(text))
    for (const minuteMs of minutes) {
      // One after the other: the host answers so many questions at a time, and other groups ask too.
      const text = await load(minuteMs)
      book.#minutes.set(minuteMs, unpack(typeof text === 'string' ? text : ''))
    }
    return book
  }

  get isEmpty(): boolean {
    return this.#minutes.size === 0
  }

  /** Takes the id down; false when it was there. */
  add(eventId: string, timeMs: EpochMs): boolean {
    const minuteMs = alignDown(timeMs, MINUTE_MS)
    const ids = this.#minutes.get(minuteMs) ?? new Set<string>()
    this.#minutes.set(minuteMs, ids)
    const id = shorten(eventId)
    if (ids.has(id)) return false
    ids.add(id)
    this.#changed.add(minuteMs)
    return true
  }

  /** Forgets minutes that are not read again. */
  dropBefore(finalMs: EpochMs): void {
    for (const minuteMs of this.#minutes.keys()) if (minuteMs < finalMs) this.#minutes.delete(minuteMs)
  }

  /** The header, and the values of minutes that differ from what the store holds; null deletes one. */
  save(keyOf: (minuteMs: EpochMs) => string): {
    readonly header: IdHeader
    readonly state: Readonly<Record<string, Json>>
  } {
    const state: Record<string, Json> = {}
    const count = [...this.#minutes.values()].reduce((sum, { size }) => sum + size, 0)
    const isInline = count <= MAX_INLINE
    for (const minuteMs of this.#stored) {
      if (isInline || !this.#minutes.has(minuteMs)) state[keyOf(minuteMs)] = null
    }
    for (const [minuteMs, ids] of isInline ? [] : this.#minutes) {
      if (this.#changed.has(minuteMs) || !this.#stored.has(minuteMs)) state[keyOf(minuteMs)] = pack(ids)
    }
    this.#changed.clear()
    this.#stored.clear()
    const minutes = [...this.#minutes.keys()]
    if (!isInline) for (const minuteMs of minutes) this.#stored.add(minuteMs)
    const inline = Object.fromEntries([...this.#minutes].map(([minute, ids]) => [minute, pack(ids)]))
    return { header: isInline ? { inline } : { minutes }, state }
  }
}
