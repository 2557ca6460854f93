import type { EpochMs } from '../../core/time.ts'
import type { Received } from '../receiver/received.ts'
import type { StoredPoint } from '../receiver/stored-point.ts'

const OBJECT_CLASS = 'aws_lambda'
const METRICS = 'aws_AWS/Lambda'

/** What is held of each function, by `lambdaKey`. */
export interface InventoryIndex {
  readonly objects: ReadonlyMap<string, StoredPoint>
  readonly events: ReadonlyMap<string, readonly StoredPoint[]>
  /** Tags of the series of the function that has the newest line. */
  readonly newest: ReadonlyMap<string, Readonly<Record<string, string>>>
}

/** Names of functions are unique within a region of an account. */
export function lambdaKey(accountId: string, region: string, name: string): string {
  return `${accountId}/${region}/${name}`
}

function keyOf(tags: Readonly<Record<string, string>>): string {
  return lambdaKey(tags['account_id'] ?? '', tags['RegionId'] ?? '', tags['FunctionName'] ?? '')
}

function newestTags(received: Received): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const newest = new Map<string, { timeMs: EpochMs; tags: Readonly<Record<string, string>> }>()
  for (const { tags, lines } of received.series({ category: 'metric', measurement: METRICS })) {
    if (tags['Dimensions'] !== 'FunctionName') continue
    let timeMs = Number.NEGATIVE_INFINITY
    for (const key of lines.keys()) timeMs = Math.max(timeMs, Number(key))
    const known = newest.get(keyOf(tags))
    if (known === undefined || known.timeMs < timeMs) newest.set(keyOf(tags), { timeMs, tags })
  }
  return new Map([...newest].map(([key, { tags }]) => [key, tags]))
}

/** Sorts what the receiver holds by function. */
export function indexInventory(received: Received): InventoryIndex {
  const objects = new Map<string, StoredPoint>()
  for (const point of received.points({ category: 'custom_object', measurement: OBJECT_CLASS })) {
    objects.set(keyOf(point.tags), point)
  }
  const events = new Map<string, StoredPoint[]>()
  for (const point of received.points({ category: 'keyevent' })) {
    if (point.tags['class'] !== OBJECT_CLASS) continue
    const known = events.get(keyOf(point.tags))
    if (known) known.push(point)
    else events.set(keyOf(point.tags), [point])
  }
  return { objects, events, newest: newestTags(received) }
}
