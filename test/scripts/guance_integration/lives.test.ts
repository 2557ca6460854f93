import { describe, expect, it } from 'vitest'
import type { Inventory } from '../../../scripts/guance_integration/inventory.ts'
import { keepLives, livesOf } from '../../../scripts/guance_integration/lives.ts'

const HOUR_MS = 3_600_000

/** A listing at an hour, kept as the collector keeps it; each object with the hour in which it was modified. */
function list(
  before: Inventory | undefined,
  hour: number,
  modified: Readonly<Record<string, number>>,
): Inventory {
  const listedAtMs = hour * HOUR_MS
  const entries = Object.entries(modified).map(([name, at]) => ({ name, tags: {}, sinceMs: at * HOUR_MS }))
  return { listedAtMs, pages: 1, sweep: {}, aliases: {}, ...keepLives(entries, before, listedAtMs) }
}

function hoursOf(inventory: Inventory, name: string) {
  return livesOf(inventory)
    .get(name)
    ?.map(({ startMs, endMs }) => [startMs / HOUR_MS, endMs / HOUR_MS])
}

describe('the lives of listed objects', () => {
  it('reach from the first modification that was seen to the last listing', () => {
    const first = list(undefined, 10, { f: 3 })
    expect(hoursOf(first, 'f')).toEqual([[3, 10]])
    const edited = list(first, 11, { f: 10.5 })
    expect(hoursOf(edited, 'f')).toEqual([[3, 11]])
  })

  it('begin with the listing when nothing says since when an object exists', () => {
    const inventory = {
      listedAtMs: HOUR_MS,
      pages: 1,
      sweep: {},
      aliases: {},
      ...keepLives([{ name: 'f', tags: {} }], undefined, HOUR_MS),
    }
    expect(hoursOf(inventory, 'f')).toEqual([[1, 1]])
  })

  it('end where an object was listed last, and begin anew when its name comes back', () => {
    const gone = list(list(undefined, 10, { f: 3, g: 1 }), 11, { g: 1 })
    expect(hoursOf(gone, 'f')).toEqual([[3, 10]])
    const back = list(list(gone, 12, { g: 1 }), 14, { f: 13, g: 1 })
    expect(hoursOf(back, 'f')).toEqual([
      [3, 10],
      [13, 14],
    ])
    expect(hoursOf(back, 'g')).toEqual([[1, 14]])
  })

  it('are forgotten three days after the end', () => {
    const gone = list(list(undefined, 10, { f: 3 }), 11, {})
    expect(hoursOf(list(gone, 10 + 71, {}), 'f')).toEqual([[3, 10]])
    expect(hoursOf(list(gone, 10 + 72, {}), 'f')).toBeUndefined()
  })
})
