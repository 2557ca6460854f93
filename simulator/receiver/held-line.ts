import type { EpochMs } from '../../core/time.ts'
import { type Rewriting, rewriteValue } from './rewriting.ts'
import type { ReceivedPoint, StoredPoint, StoredValue, Write } from './stored-point.ts'

/** The lines of one series; numbers its field names, so that a line is a plain array. */
export interface HeldSeries {
  readonly category: string
  readonly measurement: string
  readonly tags: Readonly<Record<string, string>>
  readonly fields: Map<string, number>
  /** By time: milliseconds where they are whole, nanoseconds otherwise. */
  readonly lines: Map<number | bigint, HeldLine>
}

/** The key of a line in its series. */
export function timeKey(timeNs: bigint): number | bigint {
  return timeNs % 1_000_000n === 0n ? Number(timeNs / 1_000_000n) : timeNs
}

/**
 * What is held for one series and time. Most lines are written once: their values and one time are all that is kept.
 * A field that is written again with another value, or later than the line's first write, keeps every different write.
 */
export class HeldLine {
  readonly series: HeldSeries
  readonly #key: number | bigint
  readonly #firstAtMs: EpochMs
  #values: (StoredValue | undefined)[] = []
  #writesByField: (Write[] | undefined)[] | undefined
  #writes = 0
  #rewrites = 0
  /** Values that were written again as they were, each counted. */
  duplicates = 0
  /** Values that were written again with another value. */
  rewrittenDifferently = 0

  constructor(series: HeldSeries, key: number | bigint, firstAtMs: EpochMs) {
    this.series = series
    this.#key = key
    this.#firstAtMs = firstAtMs
  }

  /** What a query finds; undefined when the field is not there (any more). */
  value(field: string): StoredValue | undefined {
    const at = this.series.fields.get(field)
    return at === undefined ? undefined : this.#values[at]
  }

  /** The different values in the order of their arrival; undefined when none ever came. */
  writesOf(field: string): readonly Write[] | undefined {
    const at = this.series.fields.get(field)
    if (at === undefined) return undefined
    const value = this.#values[at]
    return this.#writesByField?.[at] ?? (value === undefined ? undefined : [{ value, atMs: this.#firstAtMs }])
  }

  /** Names of the fields that are held. */
  *fieldNames(): Iterable<string> {
    for (const [field, at] of this.series.fields) if (this.#values[at] !== undefined) yield field
  }

  write({ fields }: ReceivedPoint, atMs: EpochMs, rewriting: Rewriting): void {
    const before = this.rewrittenDifferently
    const isReplaced = !rewriting.mergesFields && rewriting.rewrite !== 'both'
    const held = this.#values
    if (isReplaced && this.#writes > 0) this.#replaceAll()
    for (const [field, value] of Object.entries(fields))
      this.#writeField(field, { value, atMs }, held, rewriting)
    this.#writes++
    if (this.rewrittenDifferently > before) this.#rewrites++
  }

  /** Forgets the values but not that they were published. */
  #replaceAll(): void {
    for (const [at, value] of this.#values.entries()) if (value !== undefined) this.#historyOf(at, value)
    this.#values = []
  }

  #historyOf(at: number, first: StoredValue): Write[] {
    this.#writesByField ??= []
    const writes = this.#writesByField[at] ?? [{ value: first, atMs: this.#firstAtMs }]
    this.#writesByField[at] = writes
    return writes
  }

  #writeField(
    field: string,
    write: Write,
    held: readonly (StoredValue | undefined)[],
    { rewrite }: Rewriting,
  ): void {
    const { fields } = this.series
    const at = fields.get(field) ?? fields.size
    fields.set(field, at)
    const before = held[at]
    this.#values[at] = before === undefined ? write.value : rewriteValue(rewrite, before, write.value)
    const last = this.#writesByField?.[at]?.at(-1)?.value ?? before
    if (last === undefined) {
      if (this.#writes > 0) (this.#writesByField ??= [])[at] = [write]
    } else if (last === write.value) {
      this.duplicates++
      // What is held is a sum from now on, no longer what was written.
      if (rewrite === 'both') this.#historyOf(at, last)
    } else {
      this.rewrittenDifferently++
      this.#historyOf(at, last).push(write)
    }
  }

  /** As the control API shows it. */
  toPoint(): StoredPoint {
    const { category, measurement, tags } = this.series
    const fields: Record<string, StoredValue> = {}
    for (const field of this.fieldNames()) {
      const value = this.value(field)
      if (value !== undefined) fields[field] = value
    }
    const key = this.#key
    const timeNs = typeof key === 'bigint' ? key : BigInt(key) * 1_000_000n
    const writes = this.#writes
    return {
      category,
      measurement,
      tags,
      fields,
      timeNs,
      writes,
      rewrites: this.#rewrites,
      ...this.#published(),
    }
  }

  /** Of the fields that were published with more than one value, all of them. */
  #published(): Pick<StoredPoint, 'published'> {
    const published = [...this.series.fields].flatMap(([field, at]): [string, readonly Write[]][] => {
      const writes = this.#writesByField?.[at] ?? []
      return writes.length > 1 ? [[field, writes]] : []
    })
    return published.length === 0 ? {} : { published: Object.fromEntries(published) }
  }
}
