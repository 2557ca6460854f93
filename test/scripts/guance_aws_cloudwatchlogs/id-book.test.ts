import { describe, expect, it } from 'vitest'
import type { Json } from '../../../core/dff.ts'
import { IdBook, type IdHeader } from '../../../scripts/guance_aws_cloudwatchlogs/id-book.ts'

const MINUTE_MS = 60_000

function keyOf(minuteMs: number): string {
  return `ids#${minuteMs}`
}

/** A store of state, as commits leave it. */
class Kept {
  readonly values = new Map<string, Json>()
  header: IdHeader = {}

  save(book: IdBook): number {
    const { header, state } = book.save(keyOf)
    this.header = structuredClone(header)
    for (const [key, value] of Object.entries(state)) {
      if (value === null) this.values.delete(key)
      else this.values.set(key, value)
    }
    return Object.keys(state).length
  }

  async open(): Promise<IdBook> {
    return IdBook.load(this.header, async (minuteMs) => this.values.get(keyOf(minuteMs)))
  }
}

function idOf(number: number): string {
  return String(number).padStart(56, '3')
}

describe('the ids of a group', () => {
  it('are known after each reload, few or many', async () => {
    const kept = new Kept()
    for (const count of [3, 900, 4_000]) {
      const book = await kept.open()
      const fresh = Array.from({ length: count }, (_, index) => index).filter((index) =>
        book.add(idOf(1_000_000 + index), (index % 5) * MINUTE_MS),
      )
      kept.save(book)
      const again = await kept.open()
      expect(fresh.length).toBeGreaterThan(0)
      for (let index = 0; index < count; index += 1) {
        expect(again.add(idOf(1_000_000 + index), (index % 5) * MINUTE_MS)).toBe(false)
      }
    }
  })

  it('rewrite only the minutes that a page touched', async () => {
    const kept = new Kept()
    const book = await kept.open()
    for (let index = 0; index < 5_000; index += 1) book.add(idOf(1_000_000 + index), (index % 10) * MINUTE_MS)
    expect(kept.save(book)).toBe(10)
    book.add(idOf(2_000_000), 3 * MINUTE_MS)
    expect(kept.save(book)).toBe(1)
  })

  it('leave nothing behind when their minutes are over', async () => {
    const kept = new Kept()
    const book = await kept.open()
    for (let index = 0; index < 5_000; index += 1) book.add(idOf(1_000_000 + index), (index % 10) * MINUTE_MS)
    kept.save(book)
    const later = await kept.open()
    later.dropBefore(10 * MINUTE_MS)
    kept.save(later)
    expect(later.isEmpty).toBe(true)
    expect([...kept.values.keys()]).toEqual([])
  })
})
