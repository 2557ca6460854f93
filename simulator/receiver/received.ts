import type { EpochMs } from '../../core/time.ts'
import { HeldLine, type HeldSeries, timeKey } from './held-line.ts'
import { DEFAULT_REWRITING, type Rewriting } from './rewriting.ts'
import type { ReceivedPoint, StoredPoint } from './stored-point.ts'

/** How many points of a category and measurement are held. */
export interface ReceivedSummary {
  readonly category: string
  readonly measurement: string
  readonly points: number
  readonly writes: number
  readonly rewrites: number
}

/** Which points; all when empty. */
export interface ReceivedFilter {
  readonly category?: string
  readonly measurement?: string
}

/** Everything that was written and accepted. */
export interface Received {
  /** What happens to a second line of a series and time, from now on. */
  rewriting: Rewriting
  add(point: ReceivedPoint, nowMs: EpochMs): void
  /** Points in the order of their first arrival. */
  points(filter: ReceivedFilter): Iterable<StoredPoint>
  /** Series in the order of their first arrival; objects are none. */
  series(filter: ReceivedFilter): Iterable<HeldSeries>
  summary(): readonly ReceivedSummary[]
  reset(): void
}

function isObject({ category }: { readonly category: string }): boolean {
  return category === 'custom_object' || category === 'object'
}

function seriesKeyOf({ category, measurement, tags }: ReceivedPoint): string {
  const sorted = Object.keys(tags)
    .toSorted()
    .map((key) => `${key}\0${tags[key]}`)
  return [category, measurement, ...sorted].join('\0')
}

function isWanted(
  { category, measurement }: ReceivedFilter,
  point: { readonly category: string; readonly measurement: string },
): boolean {
  return (
    (category ?? point.category) === point.category &&
    (measurement ?? point.measurement) === point.measurement
  )
}

function isChanged(held: StoredPoint, { fields }: ReceivedPoint): boolean {
  return Object.entries(fields).some(
    ([key, value]) => Object.hasOwn(held.fields, key) && held.fields[key] !== value,
  )
}

/** Lines by series and time; of objects, which are one thing each, the newest state. */
class Store implements Received {
  rewriting: Rewriting
  readonly #series = new Map<string, HeldSeries>()
  readonly #objects = new Map<string, StoredPoint>()
  /** Lines, and keys of objects. */
  #arrivals: (HeldLine | string)[] = []

  constructor(rewriting: Rewriting) {
    this.rewriting = rewriting
  }

  add(point: ReceivedPoint, nowMs: EpochMs): void {
    if (isObject(point)) this.#addObject(point)
    else if (point.category === 'logging') this.#addEntry(point, nowMs)
    else this.#lineOf(point, nowMs).write(point, nowMs, this.rewriting)
  }

  /** A log is no series: each line is an entry of its own, the same one twice is there twice. */
  #addEntry(point: ReceivedPoint, nowMs: EpochMs): void {
    const { category, measurement, tags } = point
    const series = { category, measurement, tags, fields: new Map(), lines: new Map() }
    const line = new HeldLine(series, timeKey(point.timeNs), nowMs)
    line.write(point, nowMs, this.rewriting)
    this.#arrivals.push(line)
  }

  #addObject(point: ReceivedPoint): void {
    const key = [point.category, point.measurement, point.tags.name].join('\0')
    const held = this.#objects.get(key)
    if (!held) this.#arrivals.push(key)
    const rewrites = held ? held.rewrites + (isChanged(held, point) ? 1 : 0) : 0
    this.#objects.set(key, { ...point, writes: (held?.writes ?? 0) + 1, rewrites })
  }

  #lineOf(point: ReceivedPoint, nowMs: EpochMs): HeldLine {
    const key = seriesKeyOf(point)
    const { category, measurement, tags } = point
    const series = this.#series.get(key) ?? {
      category,
      measurement,
      tags,
      fields: new Map(),
      lines: new Map(),
    }
    this.#series.set(key, series)
    const time = timeKey(point.timeNs)
    const held = series.lines.get(time)
    if (held) return held
    const line = new HeldLine(series, time, nowMs)
    series.lines.set(time, line)
    this.#arrivals.push(line)
    return line
  }

  *points(filter: ReceivedFilter): Iterable<StoredPoint> {
    for (const arrival of this.#arrivals) {
      if (typeof arrival !== 'string') {
        if (isWanted(filter, arrival.series)) yield arrival.toPoint()
        continue
      }
      const object = this.#objects.get(arrival)
      if (object && isWanted(filter, object)) yield object
    }
  }

  *series(filter: ReceivedFilter): Iterable<HeldSeries> {
    for (const series of this.#series.values()) if (isWanted(filter, series)) yield series
  }

  summary(): readonly ReceivedSummary[] {
    const groups = new Map<string, { -readonly [key in keyof ReceivedSummary]: ReceivedSummary[key] }>()
    for (const { category, measurement, writes, rewrites } of this.points({})) {
      const key = `${category}\0${measurement}`
      const group = groups.get(key) ?? { category, measurement, points: 0, writes: 0, rewrites: 0 }
      group.points++
      group.writes += writes
      group.rewrites += rewrites
      groups.set(key, group)
    }
    return [...groups.values()]
  }

  reset(): void {
    this.#series.clear()
    this.#objects.clear()
    this.#arrivals = []
  }
}

/** Creates an empty store. */
export function createReceived(rewriting: Rewriting = DEFAULT_REWRITING): Received {
  return new Store(rewriting)
}
