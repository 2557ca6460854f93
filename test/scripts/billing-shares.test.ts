import { describe, expect, it } from 'vitest'
import type { Slice } from '../../core/dff.ts'
import { DAY_MS, HOUR_MS } from '../../core/time.ts'
import { type BillingPlay, Killed, MONTH_START_MS, openPlay, sumUnits } from './billing-fixture.ts'

const NINE_MS = MONTH_START_MS + 9 * HOUR_MS

/** What is left unallocated of a day, by the newest lines. */
function unallocatedOf(play: BillingPlay, day: string): readonly unknown[] {
  return play
    .newest('function', 0, Number.MAX_SAFE_INTEGER)
    .filter(({ tags }) => tags['billing_date'] === day && tags['instance_id'] === '(unallocated)')
    .map(({ fields }) => fields['amount'])
}

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

  it('leave alone what AWS itself has said of a day, before it refuses', async () => {
    const functions = { regions: ['us-east-1' as const] }
    const play = await openPlay(
      { resources: true, revisions: false },
      { functions },
      { functions: 3, active: 1 },
    )
    for (let day = 0; day <= 6; day += 1) await play.tick(NINE_MS + day * DAY_MS)
    const exact = play.lines('function')
    const last =
      exact
        .map(({ tags }) => tags['billing_date'] ?? '')
        .toSorted()
        .at(-1) ?? ''
    expect(last).toBe('2026-10-06')
    await play.aws.control('POST', 'denials', { actions: ['ce:GetCostAndUsageWithResources'] })
    for (let day = 7; day <= 12; day += 1) await play.tick(NINE_MS + day * DAY_MS)
    const after = play.lines('function').slice(exact.length)
    const days = new Set(after.map(({ tags }) => tags['billing_date'] ?? ''))
    // The first one is older than what Cost Explorer knew by resource.
    const shared = ['2026-09-17', '2026-10-07', '2026-10-08', '2026-10-09', '2026-10-10']
    expect([...days].toSorted()).toEqual(shared)
    expect(unallocatedOf(play, '2026-10-08')).not.toEqual([0])
    // Answered again, AWS's costs replace the shares of the days that it still knows.
    await play.aws.control('POST', 'denials', { actions: [] })
    for (let day = 13; day <= 20; day += 1) await play.tick(NINE_MS + day * DAY_MS)
    expect(unallocatedOf(play, '2026-10-08')).toEqual([0])
  })
})
