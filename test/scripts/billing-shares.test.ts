import { describe, expect, it } from 'vitest'
import type { Slice } from '../../core/dff.ts'
import { DAY_MS, HOUR_MS } from '../../core/time.ts'
import { Killed, MONTH_START_MS, openPlay, sumUnits } from './billing-fixture.ts'

const NINE_MS = MONTH_START_MS + 9 * HOUR_MS

describe('shares of functions', () => {
  it('are of costs as they were read last, also on the day on which costs by resource are asked for first', async () => {
    const functions = { regions: ['us-east-1' as const, 'eu-west-1' as const] }
    const play = await openPlay({}, { functions }, { functions: 2, active: 1 })
    // Refused on the first day, asked again a week later: before the costs, which are other ones by then.
    for (const day of [0, 1, 7]) await play.tick(NINE_MS + day * DAY_MS)
    const asked = play.runs.map((run) => run.totals().requests['ce:GetCostAndUsageWithResources'])
    expect(asked).toEqual([1, undefined, 1])
    const shares = play.newest('function', 0, MONTH_START_MS)
    const lines = play.newest('service_usage', 0, MONTH_START_MS)
    const lambda = lines.filter(({ tags }) => tags['product_name'] === 'AWS Lambda')
    expect(lambda.some(({ fields }) => fields['revision'] === 2n)).toBe(true)
    const days = new Set(shares.map(({ tags }) => tags['billing_date']))
    const shared = lambda.filter(({ tags }) => days.has(tags['billing_date']))
    expect(sumUnits(shares)).toBe(sumUnits(shared))
  })

  it('are committed day by day, so that many functions are no commit too large and a kill loses no day', async () => {
    const functions = { regions: ['us-east-1' as const], source: 'metrics' as const }
    const play = await openPlay({ revisions: false }, { functions }, { functions: 2, active: 1 })
    const daysOf = (commit: Slice): readonly string[] => [
      ...new Set(
        commit.points
          .filter(({ tags }) => tags['grouping'] === 'function')
          .map(({ tags }) => tags['billing_date'] ?? ''),
      ),
    ]
    const shared: string[] = []
    play.beforeCommit = (slice) => {
      if (daysOf(slice).length > 0 && shared.length === 3) throw new Killed()
      shared.push(...daysOf(slice))
    }
    await play.tick(NINE_MS)
    play.beforeCommit = () => undefined
    await play.tick(NINE_MS + HOUR_MS)
    const commits = play.store.commits.map(daysOf).filter(({ length }) => length > 0)
    expect(commits.length).toBeGreaterThan(10)
    expect(commits.every(({ length }) => length === 1)).toBe(true)
    expect(new Set(commits.flat()).size).toBe(commits.length)
    const days = new Set(commits.flat())
    const lambda = play
      .lines()
      .filter(({ tags }) => tags['product_name'] === 'AWS Lambda' && days.has(tags['billing_date'] ?? ''))
    expect(sumUnits(play.lines('function'))).toBe(sumUnits(lambda))
  })
})
