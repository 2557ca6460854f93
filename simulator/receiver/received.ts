import type { ReceivedPoint, StoredPoint, StoredValue } from './stored-point.ts'

type Fields = Readonly<Record<string, StoredValue>>

/**
 * What a store does when the same series and time is written again. Guance does not document it; `last` is what InfluxDB
 * does: the newest value of each field wins and fields of both lines stay. The behaviours `max` and `both` plug in here.
 */
export type Rewrite = (held: Fields, written: Fields) => Fields

const REWRITES = {
  last: (held, written) => ({ ...held, ...written }),
} as const satisfies Record<string, Rewrite>

export type RewriteName = keyof typeof REWRITES

/** How many points of a category and measurement are held. */
export interface ReceivedSummary {
  readonly category: string
  readonly measurement: string
  readonly points: number
  readonly writes: number
  readonly rewrites: number
}

/** Everything that was written and accepted. */
export interface Received {
  add(point: ReceivedPoint): void
  /** Points in the order of their first arrival. */
  points(filter: { readonly category?: string; readonly measurement?: string }): Iterable<StoredPoint>
  summary(): readonly ReceivedSummary[]
  reset(): void
}

/** A custom object is one thing whose newest state counts; everything else is kept for each series and time. */
function keyOf(point: ReceivedPoint): string {
  const { category, measurement, tags, timeNs } = point
  if (category === 'custom_object' || category === 'object')
    return [category, measurement, tags.name].join('\0')
  const sorted = Object.keys(tags)
    .toSorted()
    .map((key) => `${key}\0${tags[key]}`)
  return [category, measurement, ...sorted, timeNs].join('\0')
}

function isChanged(held: Fields, written: Fields): boolean {
  return Object.entries(written).some(([key, value]) => Object.hasOwn(held, key) && held[key] !== value)
}

function isObject(point: ReceivedPoint): boolean {
  return point.category === 'custom_object' || point.category === 'object'
}

function merge(held: StoredPoint, point: ReceivedPoint, rewrite: Rewrite): StoredPoint {
  return {
    ...point,
    fields: isObject(point) ? point.fields : rewrite(held.fields, point.fields),
    writes: held.writes + 1,
    rewrites: held.rewrites + (isChanged(held.fields, point.fields) ? 1 : 0),
  }
}

/** Creates an empty store with a rewrite behaviour. */
export function createReceived(rewriteName: RewriteName = 'last'): Received {
  const rewrite = REWRITES[rewriteName]
  const held = new Map<string, StoredPoint>()
  return {
    add(point) {
      const key = keyOf(point)
      const before = held.get(key)
      held.set(key, before ? merge(before, point, rewrite) : { ...point, writes: 1, rewrites: 0 })
    },
    *points({ category, measurement }) {
      for (const point of held.values()) {
        const isWanted =
          (category ?? point.category) === point.category &&
          (measurement ?? point.measurement) === point.measurement
        if (isWanted) yield point
      }
    },
    summary() {
      const groups = new Map<string, { -readonly [key in keyof ReceivedSummary]: ReceivedSummary[key] }>()
      for (const { category, measurement, writes, rewrites } of held.values()) {
        const key = `${category}\0${measurement}`
        const group = groups.get(key) ?? { category, measurement, points: 0, writes: 0, rewrites: 0 }
        group.points++
        group.writes += writes
        group.rewrites += rewrites
        groups.set(key, group)
      }
      return [...groups.values()]
    },
    reset: () => held.clear(),
  }
}
