import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { alertTime } from '../../../runner/cost/alert.ts'
import { pollsEvery } from '../../../runner/cost/polls.ts'

const MINUTE_MS = 60_000

describe('the time to a fired alert', () => {
  it('is what a minute waits for, and then half or almost all of the poll interval', () => {
    const { gaps } = pollsEvery(5)
    expect(alertTime([{ sets: 10, shownAfterMin: 5 }], gaps)).toEqual({
      p50Min: 7.5,
      p95Min: 9.75,
      maxMin: 10,
    })
    expect(alertTime([{ sets: 10, shownAfterMin: 3 }], gaps)).toMatchObject({ p95Min: 7.75, maxMin: 8 })
  })

  it('is unknown where nothing is collected', () => {
    expect(alertTime([], pollsEvery(5).gaps)).toBeUndefined()
    expect(alertTime([{ sets: 0, shownAfterMin: 3 }], pollsEvery(5).gaps)).toBeUndefined()
  })

  it('holds its shares for moments and dimension sets drawn at random', () => {
    const shown = fc.array(
      fc.record({ sets: fc.integer({ min: 1, max: 50 }), shownAfterMin: fc.integer({ min: 3, max: 20 }) }),
      { minLength: 1, maxLength: 5 },
    )
    const gaps = fc.array(
      fc.record({
        gapMs: fc.integer({ min: 1, max: 60 }).map((minutes) => minutes * MINUTE_MS),
        count: fc.integer({ min: 1, max: 9 }),
      }),
      { minLength: 1, maxLength: 4 },
    )
    fc.assert(
      fc.property(shown, gaps, (lateness, spread) => {
        // Every set at every tenth of a minute of every gap, counted one by one.
        const delays = lateness.flatMap(({ sets, shownAfterMin }) =>
          spread.flatMap(({ gapMs, count }) =>
            Array.from({ length: (gapMs / MINUTE_MS) * 10 }, (_, tenth) => ({
              delayMin: shownAfterMin + (tenth + 1) / 10,
              weight: sets * count,
            })),
          ),
        )
        const all = delays.reduce((sum, { weight }) => sum + weight, 0)
        const within = (minutes: number): number =>
          delays.reduce((sum, one) => sum + (one.delayMin <= minutes + 1e-9 ? one.weight : 0), 0) / all
        const time = alertTime(lateness, spread)
        if (time === undefined) throw new Error('there are sets')
        expect(within(time.p50Min + 0.1)).toBeGreaterThanOrEqual(0.5)
        expect(within(time.p50Min - 0.11)).toBeLessThan(0.5)
        expect(within(time.p95Min + 0.1)).toBeGreaterThanOrEqual(0.95)
        expect(within(time.p95Min - 0.11)).toBeLessThan(0.95)
        expect(within(time.maxMin)).toBe(1)
      }),
    )
  })
})
