import { describe, expect, it } from 'vitest'
import type { Point } from '../../../core/dff.ts'
import { DAY_MS, HOUR_MS } from '../../../core/time.ts'
import { type BillingPlay, MONTH_START_MS, openPlay, sumUnits } from '../../scripts/billing-fixture.ts'

const REGIONS = ['us-east-1', 'eu-west-1'] as const
const FIRST_MS = MONTH_START_MS + 9 * HOUR_MS
const DAYS = 4

function isOfDay(day: string): (point: Point) => boolean {
  return ({ tags }) => tags['billing_date'] === day
}

/** Sums of the service's lines and of its functions, by day that both have. */
function compare(play: BillingPlay): readonly { readonly service: bigint; readonly functions: bigint }[] {
  const service = play
    .newest('service_usage', 0, Number.MAX_SAFE_INTEGER)
    .filter(({ tags }) => tags['product_name'] === 'AWS Lambda')
    .filter(({ tags }) => tags['account_id'] === play.aws.session.accountId)
  const functions = play.newest('function', 0, Number.MAX_SAFE_INTEGER)
  const days = [...new Set(functions.map(({ tags }) => tags['billing_date'] ?? ''))].toSorted()
  return days.map((day) => ({
    service: sumUnits(service.filter(isOfDay(day))),
    functions: sumUnits(functions.filter(isOfDay(day))),
  }))
}

describe('costs of functions by their metrics', () => {
  it('add up to what Lambda costs on every day, and are called an estimate', async () => {
    const play = await openPlay(
      { linked: 1 },
      { functions: { regions: [...REGIONS], source: 'metrics' }, requests_per_day: 10 },
      { functions: 8, active: 0.8 },
    )
    for (let day = 0; day < DAYS; day += 1) await play.tick(FIRST_MS + day * DAY_MS)
    const days = compare(play)
    expect(days.length).toBeGreaterThan(10)
    expect(days.map(({ functions }) => functions)).toEqual(days.map(({ service }) => service))
    const lines = play.lines('function')
    const named = new Set(lines.flatMap(({ tags }) => tags['FunctionName'] ?? []))
    expect(named.size).toBeGreaterThan(5)
    expect(lines.every(({ fields }) => fields['is_estimate'] === true)).toBe(true)
    expect(lines.every(({ tags }) => tags['intance_id'] === tags['instance_id'])).toBe(true)
  })

  it('asks CloudWatch for two sums of each function a day, as planned', async () => {
    const play = await openPlay(
      {},
      { functions: { regions: [...REGIONS], source: 'metrics' } },
      { functions: 8, active: 0.8 },
    )
    for (const day of [0, 4]) await play.tick(FIRST_MS + day * DAY_MS)
    const last = await play.tick(FIRST_MS + 5 * DAY_MS)
    expect(last.totals().billedMetrics).toBe(16)
    const plan = await play.script.plan?.(play.runAt(FIRST_MS + 5 * DAY_MS), { intervalMs: HOUR_MS })
    const planned = plan?.metrics.reduce((sum, { billedMetrics }) => sum + billedMetrics, 0)
    expect(planned).toBe(16)
    const again = await play.tick(FIRST_MS + 5 * DAY_MS + HOUR_MS)
    expect(again.totals()).toEqual({ requests: {}, billedMetrics: 0 })
  })

  it('stay the whole of the day where a region may not be read', async () => {
    const play = await openPlay({}, { functions: { regions: [...REGIONS], source: 'metrics' } })
    await play.aws.control('POST', 'denials', { actions: ['lambda:ListFunctions'], regions: ['eu-west-1'] })
    const run = await play.tick(FIRST_MS)
    expect(
      run.problems.some(({ code, action }) => code === 'forbidden' && action === 'lambda:ListFunctions'),
    ).toBe(true)
    // Shares of half the functions would be wrong: there are none, and the bill itself goes on.
    expect(play.lines('function')).toEqual([])
    expect(play.lines().length).toBeGreaterThan(100)
  })
})

describe('costs of functions by resource', () => {
  it('are those of Cost Explorer where it knows them', async () => {
    const play = await openPlay(
      { resources: true },
      { functions: { regions: [...REGIONS] } },
      { functions: 8, active: 0.8 },
    )
    for (let day = 0; day < 4; day += 1) await play.tick(FIRST_MS + day * DAY_MS)
    const days = compare(play).slice(-3)
    expect(days.map(({ functions }) => functions)).toEqual(days.map(({ service }) => service))
    const asked = play.runs.map((run) => run.totals().requests)
    expect(asked.every((requests) => requests['cloudwatch:GetMetricData'] === undefined)).toBe(true)
    expect(asked.every((requests) => (requests['ce:GetCostAndUsageWithResources'] ?? 0) > 0)).toBe(true)
  })

  it('give way to shares by metrics for a week where they were not enabled', async () => {
    const play = await openPlay({}, { functions: { regions: [...REGIONS] } }, { functions: 8, active: 0.8 })
    for (const day of [0, 1, 6, 7]) await play.tick(FIRST_MS + day * DAY_MS)
    const asked = play.runs.map((run) => run.totals().requests['ce:GetCostAndUsageWithResources'] ?? 0)
    expect(asked).toEqual([1, 0, 0, 1])
    const days = compare(play)
    expect(days.map(({ functions }) => functions)).toEqual(days.map(({ service }) => service))
  })
})
