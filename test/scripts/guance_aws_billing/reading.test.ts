import { describe, expect, it } from 'vitest'
import {
  beginChunk,
  endChunk,
  interruptChunk,
  learnPageRows,
  oweToday,
  type Reading,
  requestsPerDay,
} from '../../../scripts/guance_aws_billing/reading.ts'
import { mergeSpans, newestChunk, subtractDays } from '../../../scripts/guance_aws_billing/spans.ts'

const RULE = { rereadDays: 3, lookbackDays: 14 }
const HOUR_MS = 3_600_000
const NOW_MS = Date.parse('2026-11-10T09:00:00Z')

/** A reading of all that is owed, one page a chunk, in which the days from `openFrom` on are estimates. */
function readAll(reading: Reading, today: string, openFrom: string): Reading {
  let current = reading
  for (;;) {
    const chunk = beginChunk(current, NOW_MS)
    if (chunk === undefined) return current
    const { days } = chunk.open
    const seen = { [days.from]: days.from >= openFrom, [openFrom]: true }
    current = endChunk(chunk.reading, { ...chunk.open, pages: 1, seen }, today)
  }
}

describe('what is owed on a day', () => {
  it('is the lookback at first, then the last days, once', () => {
    const first = oweToday({ number: 0 }, '2026-11-10', RULE)
    expect(first.owed).toEqual([{ from: '2026-10-27', to: '2026-11-10' }])
    const read = readAll(first, '2026-11-10', '2026-11-09')
    expect(oweToday(read, '2026-11-10', RULE)).toBe(read)
    expect(oweToday(read, '2026-11-11', RULE).owed).toEqual([{ from: '2026-11-08', to: '2026-11-11' }])
  })

  it('holds the days of an outage, and once a week every estimate', () => {
    const read = readAll(oweToday({ number: 0 }, '2026-11-10', RULE), '2026-11-10', '2026-11-01')
    expect(oweToday(read, '2026-11-15', RULE).owed).toEqual([{ from: '2026-11-08', to: '2026-11-15' }])
    expect(read.openFrom).toBe('2026-11-01')
    expect(oweToday(read, '2026-11-17', RULE).owed).toEqual([{ from: '2026-11-01', to: '2026-11-17' }])
  })

  it('is decided again after a clock that ran ahead, and not for one that runs late', () => {
    const ahead: Reading = { number: 1, day: '2027-05-01', owed: [] }
    expect(oweToday(ahead, '2026-11-10', RULE).owed).not.toEqual([])
    const late: Reading = { number: 1, day: '2026-11-10', owed: [] }
    expect(oweToday(late, '2026-11-09', RULE).owed).toEqual([])
  })
})

describe('a chunk', () => {
  it('is smaller after one that had more pages or found no money, so that some day is whole in the end', () => {
    let reading = oweToday({ number: 0 }, '2026-11-10', RULE)
    const lengths: number[] = []
    for (let round = 0; round < 6; round += 1) {
      const chunk = beginChunk({ ...reading, owed: [{ from: '2026-10-27', to: '2026-11-10' }] }, NOW_MS)
      if (chunk === undefined) throw new Error('something is owed')
      const { from, to } = chunk.open.days
      lengths.push((Date.parse(to) - Date.parse(from)) / (24 * HOUR_MS))
      // Two pages of 100 rows, in which seven days began.
      const seen = Object.fromEntries(['01', '02', '03', '04', '05', '06', '07'].map((day) => [day, true]))
      const learnt = learnPageRows(chunk.reading, 100, false)
      reading = interruptChunk(learnt, { ...chunk.open, pages: 2, rows: 200, seen })
    }
    expect(lengths).toEqual([14, 3, 3, 3, 3, 3])
  })

  it('goes on where it was for two hours, and begins anew afterwards', () => {
    const days = { from: '2026-11-07', to: '2026-11-10' }
    const open = { days, token: 'next', startedMs: NOW_MS, pages: 1, rows: 9, seen: {} }
    const reading: Reading = { number: 3, owed: [days], open }
    expect(beginChunk(reading, NOW_MS + HOUR_MS)).toMatchObject({
      reading: { number: 3 },
      open: { token: 'next' },
    })
    expect(beginChunk(reading, NOW_MS + 3 * HOUR_MS)).toMatchObject({
      reading: { number: 4 },
      open: { token: '' },
    })
  })
})

describe('spans of days', () => {
  it('merge, lose what is done, and give the newest days first', () => {
    const spans = mergeSpans([
      { from: '2026-11-08', to: '2026-11-10' },
      { from: '2026-11-01', to: '2026-11-03' },
      { from: '2026-11-10', to: '2026-11-11' },
      { from: '2026-11-05', to: '2026-11-05' },
    ])
    expect(spans).toEqual([
      { from: '2026-11-01', to: '2026-11-03' },
      { from: '2026-11-08', to: '2026-11-11' },
    ])
    const chunk = newestChunk(spans, 2)
    expect(chunk).toEqual({ from: '2026-11-09', to: '2026-11-11' })
    expect(subtractDays(spans, { from: '2026-11-02', to: '2026-11-09' })).toEqual([
      { from: '2026-11-01', to: '2026-11-02' },
      { from: '2026-11-09', to: '2026-11-11' },
    ])
  })
})

describe('requests of a day', () => {
  it('are one page, and on the mean a seventh of those of all estimates', () => {
    const reading: Reading = { number: 1, openFrom: '2026-10-20', pageDays: 7 }
    expect(requestsPerDay(reading, '2026-11-10', RULE)).toBeCloseTo((6 + 3) / 7)
    expect(requestsPerDay({ number: 0 }, '2026-11-10', RULE)).toBe(1)
  })
})
