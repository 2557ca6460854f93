import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countPolls, pollsEvery } from '../../../runner/cost/polls.ts'

const MINUTE_MS = 60_000
const DAY_MS = 1_440 * MINUTE_MS
/** A Sunday, a week after Europe set its clocks back. */
const FROM_MS = Date.UTC(2026, 10, 1)

describe('polls', () => {
  it('of the default trigger are 8,640 in 30 days', () => {
    expect(countPolls('*/5 * * * *', 'UTC', FROM_MS)).toEqual(pollsEvery(5))
    expect(pollsEvery(5)).toEqual({
      perMonth: 8_640,
      gaps: [{ gapMs: 300_000, count: 8_640 }],
      intervalMs: 300_000,
    })
  })

  it('are as many wherever one begins to count, and in whatever time zone', () => {
    const zones = fc.constantFrom('UTC', 'Asia/Shanghai', 'Europe/Berlin', 'Australia/Lord_Howe')
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 * 525_600 }), zones, (minutes, zone) => {
        const { perMonth, gaps } = countPolls('7,9 * * * *', zone, FROM_MS + minutes * MINUTE_MS + 1)
        expect(perMonth).toBe(1_440)
        expect(gaps.toSorted((left, right) => left.gapMs - right.gapMs)).toEqual([
          { gapMs: 2 * MINUTE_MS, count: 720 },
          { gapMs: 58 * MINUTE_MS, count: 720 },
        ])
      }),
      { numRuns: 30 },
    )
  })

  it('of a schedule that rests are counted day by day', () => {
    const { perMonth, intervalMs } = countPolls('0 9 * * 1-5', 'Asia/Shanghai', FROM_MS)
    expect({ perMonth, intervalMs }).toEqual({ perMonth: 21, intervalMs: DAY_MS })
  })

  it('of a schedule that does not come in 30 days are none', () => {
    expect(countPolls('0 0 29 2 *', 'UTC', FROM_MS)).toMatchObject({ perMonth: 0 })
  })

  it('of a schedule that cannot be read are refused', () => {
    expect(() => countPolls('* *', 'UTC', FROM_MS)).toThrow(/five fields/)
  })
})
