import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../../core/dff.ts'
import { IdBook, type IdHeader } from '../../../scripts/guance_aws_cloudwatchlogs/id-book.ts'

const MINUTE_MS = 60_000

function keyOf(minuteMs: number, index: number): string {
  return `ids#${minuteMs}/${index}`
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
    return IdBook.load(this.header, async (minuteMs, index) => this.values.get(keyOf(minuteMs, index)))
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

  it('append values to a minute of many, and rewrite none that is full', async () => {
    const kept = new Kept()
    const book = await kept.open()
    for (let page = 0; page < 20; page += 1) {
      for (let index = 0; index < 10_000; index += 1) book.add(idOf(1_000_000 + page * 10_000 + index), 0)
      // Each page has 2.5 values of its own, and fills the one before.
      expect(kept.save(book)).toBeLessThanOrEqual(3)
    }
    expect([...kept.values.values()].every((text) => JSON.stringify(text).length <= 44_002)).toBe(true)
    const again = await kept.open()
    expect(again.size).toBe(200_000)
    for (let index = 0; index < 200_000; index += 1) expect(again.add(idOf(1_000_000 + index), 0)).toBe(false)
    expect(kept.save(again)).toBe(0)
  })

  it('are known as an earlier version stored them, 66 bits of a digest each and a value a minute', async () => {
    const kept = new Kept()
    const short = (number: number): string => hash('sha1', idOf(number), 'base64url').slice(0, 11)
    const texts = [0, 1].map((minute) =>
      Array.from({ length: 5_000 }, (_, index) => short(1_000_000 + minute * 5_000 + index)).join(''),
    )
    kept.header = { minutes: [0, MINUTE_MS] }
    for (const [minute, text] of texts.entries()) kept.values.set(keyOf(minute * MINUTE_MS, 0), text)
    const book = await kept.open()
    for (let index = 0; index < 10_000; index += 1) {
      expect(book.add(idOf(1_000_000 + index), Math.floor(index / 5_000) * MINUTE_MS)).toBe(false)
    }
    kept.save(book)
    expect((await kept.open()).size).toBe(10_000)
    kept.header = { inline: { 0: short(7) } }
    const few = await kept.open()
    expect(few.add(idOf(7), 0)).toBe(false)
  })

  it('take no more than some 30 bytes each outside of the heap, twice that while they grow', () => {
    const book = new IdBook()
    const before = process.memoryUsage().arrayBuffers
    const count = 300_000
    for (let index = 0; index < count; index += 1) book.add(idOf(1_000_000 + index), 0)
    expect(book.size).toBe(count)
    expect(book.countBefore(MINUTE_MS)).toBe(count)
    // What growing left behind may not be collected yet.
    expect((process.memoryUsage().arrayBuffers - before) / count).toBeLessThan(60)
  })

  it('tell where the first minutes end that hold so many', () => {
    const book = new IdBook()
    expect(book.endOfFirst(10)).toBeUndefined()
    for (let index = 0; index < 30; index += 1) book.add(idOf(index + 1_000), (index % 3) * MINUTE_MS)
    for (let index = 0; index < 90; index += 1) book.add(idOf(index + 2_000), 5 * MINUTE_MS)
    expect(book.endOfFirst(9)).toBeUndefined()
    expect(book.endOfFirst(10)).toBe(MINUTE_MS)
    expect(book.endOfFirst(60)).toBe(5 * MINUTE_MS)
    expect(book.endOfFirst(120)).toBe(6 * MINUTE_MS)
  })
})
