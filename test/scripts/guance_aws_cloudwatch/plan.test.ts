import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Ask,
  maxQueries,
  planRequests,
  type SeriesStatistics,
} from '../../../scripts/guance_aws_cloudwatch/plan.ts'

const wantedArbitrary = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 400 }).map((counts) =>
  counts.map((count, index): SeriesStatistics => ({
    series: {
      namespace: 'AWS/Lambda',
      metric: 'Duration',
      dimensions: [{ name: 'FunctionName', value: `f${index}` }],
    },
    statistics: Array.from({ length: count }, (_, number) => `p${number}`),
  })),
)
const minutesArbitrary = fc.integer({ min: 1, max: 1_440 })

function plan(wanted: readonly SeriesStatistics[], minutes: number) {
  return planRequests([{ wanted, window: { startMs: 0, endMs: minutes * 60_000 } }], 60)
}

describe('a plan', () => {
  it('asks for every statistic of every series once', () => {
    fc.assert(
      fc.property(wantedArbitrary, minutesArbitrary, (wanted, minutes) => {
        const asked = plan(wanted, minutes).flatMap(({ queries }) =>
          queries.map(({ series, statistic }) => `${series.dimensions[0]?.value} ${statistic}`),
        )
        const expected = wanted.flatMap(({ series, statistics }) =>
          statistics.map((statistic) => `${series.dimensions[0]?.value} ${statistic}`),
        )
        expect(asked).toEqual(expected)
      }),
    )
  })

  it('never splits the statistics of a series, nor exceeds 500 queries or 100,800 datapoints', () => {
    fc.assert(
      fc.property(wantedArbitrary, minutesArbitrary, (wanted, minutes) => {
        const requests = plan(wanted, minutes)
        for (const { queries } of requests) {
          expect(queries.length).toBeLessThanOrEqual(500)
          expect(queries.length * minutes).toBeLessThanOrEqual(100_800)
          expect(new Set(queries.map(({ id }) => id)).size).toBe(queries.length)
        }
        const homes = requests.flatMap(({ queries }) => [...new Set(queries.map(({ series }) => series))])
        expect(new Set(homes).size).toBe(homes.length)
      }),
    )
  })

  it('fills requests: 500 queries of three hours fit one page', () => {
    expect(maxQueries({ startMs: 0, endMs: 180 * 60_000 }, 60)).toBe(500)
    expect(maxQueries({ startMs: 0, endMs: 1_440 * 60_000 }, 60)).toBe(70)
    expect(plan([], 5)).toEqual([])
  })

  it('uses ids that AWS accepts', () => {
    const wanted: SeriesStatistics[] = [
      { series: { namespace: 'n', metric: 'm', dimensions: [] }, statistics: ['Sum', 'p99'] },
    ]
    for (const { id } of plan(wanted, 5)[0]?.queries ?? []) expect(id).toMatch(/^[a-z][A-Za-z0-9_]*$/)
  })

  it('joins asks with like windows, covers each of them whole, and reads at most an hour too much', () => {
    const askArbitrary = fc.record({
      startMinute: fc.integer({ min: 0, max: 3_000 }),
      minutes: fc.integer({ min: 1, max: 1_440 }),
      statistics: fc.integer({ min: 1, max: 5 }),
    })
    fc.assert(
      fc.property(fc.array(askArbitrary, { maxLength: 200 }), (shapes) => {
        const asks = shapes.map(({ startMinute, minutes, statistics }, index): Ask => ({
          window: { startMs: startMinute * 60_000, endMs: (startMinute + minutes) * 60_000 },
          wanted: [
            {
              series: { namespace: 'n', metric: `m${index}`, dimensions: [] },
              statistics: Array.from({ length: statistics }, (_, number) => `p${number}`),
            },
          ],
        }))
        const requests = planRequests(asks, 60)
        const home = new Map(
          requests.flatMap((request) => request.queries.map(({ series }) => [series, request])),
        )
        expect(requests.flatMap(({ queries }) => queries)).toHaveLength(
          shapes.reduce((sum, { statistics }) => sum + statistics, 0),
        )
        for (const { window, wanted } of asks) {
          for (const { series } of wanted) {
            const asked = home.get(series)?.window ?? { startMs: 0, endMs: 0 }
            expect(asked.startMs).toBeLessThanOrEqual(window.startMs)
            expect(asked.endMs).toBeGreaterThanOrEqual(window.endMs)
            expect(asked.endMs - asked.startMs - (window.endMs - window.startMs)).toBeLessThanOrEqual(
              3_600_000,
            )
          }
        }
        for (const { window, queries } of requests) {
          expect(queries.length).toBeLessThanOrEqual(500)
          expect((queries.length * (window.endMs - window.startMs)) / 60_000).toBeLessThanOrEqual(100_800)
        }
      }),
      { numRuns: 50 },
    )
  })
})
