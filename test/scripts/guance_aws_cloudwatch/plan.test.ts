import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
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
  return planRequests(wanted, { startMs: 0, endMs: minutes * 60_000 }, 60)
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
})
