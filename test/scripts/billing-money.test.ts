import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS } from '../../core/time.ts'
import { MONTH_START_MS, openPlay, problemsOf, sumUnits, unitsOf } from './billing-fixture.ts'

const NINE_MS = MONTH_START_MS + 9 * HOUR_MS

describe('money', () => {
  it('is not spent twice by a tick more, a restart, or Execute', async () => {
    const play = await openPlay({})
    await play.tick(NINE_MS)
    for (const minutes of [1, 10, 60, 600]) await play.tick(NINE_MS + minutes * 60_000)
    expect((await play.paid()).byDay).toEqual({ '2026-10-01': 2 })
  })

  it('ends where requests_per_day says, newest days first, and what is missing comes on the next days', async () => {
    const play = await openPlay({ pageRows: 100, revisions: false }, { requests_per_day: 3 })
    const first = await play.tick(NINE_MS)
    expect(problemsOf(first)).toMatchObject([{ code: 'budget', severity: 'error' }])
    expect(problemsOf(first)[0]?.message).toContain('has paid for its 3 requests of today')
    expect((await play.paid()).byDay).toEqual({ '2026-10-01': 3 })
    for (let day = 1; day < 10; day += 1) await play.tick(NINE_MS + day * DAY_MS)
    const { byDay } = await play.paid()
    expect(Math.max(...Object.values(byDay))).toBe(3)
    const from = MONTH_START_MS - 14 * DAY_MS
    const truth = await play.truth(from, MONTH_START_MS)
    expect(sumUnits(play.newest('service_usage', from, MONTH_START_MS))).toBe(unitsOf(truth.total))
  })

  it('goes round with one request a day: every account, its functions and the list of accounts come in turn', async () => {
    const functions = { regions: ['us-east-1' as const] }
    const play = await openPlay(
      { linked: 2, resources: true },
      { requests_per_day: 1, functions },
      { functions: 3 },
    )
    const runs = []
    for (let day = 0; day < 16; day += 1) runs.push(await play.tick(NINE_MS + day * DAY_MS))
    const { byDay } = await play.paid()
    expect(Object.values(byDay)).toEqual(Array(16).fill(1))
    const asked = play.store.commits.flatMap(({ state }) => state['billing/123456789012/asked'] ?? [])
    const turns = asked.map((times) => {
      const [id] = Object.entries(times as Record<string, number>).toSorted(([, one], [, two]) => two - one)
      return id?.[0]
    })
    const counts = [...Map.groupBy(turns, (id) => id)].map(([id, { length }]) => [id, length])
    expect(Object.fromEntries(counts)).toEqual({
      accounts: 4,
      'BlendedCost/service_usage/123456789012': 3,
      'BlendedCost/service_usage/200000000001': 3,
      'BlendedCost/service_usage/200000000002': 3,
      'BlendedCost/function/123456789012': 3,
    })
    expect(new Set(play.lines().map(({ tags }) => tags['account_id'])).size).toBe(3)
    expect(play.lines('function').length).toBeGreaterThan(0)
    // What went without says so, the list too.
    const scopes = problemsOf(runs[1] as (typeof runs)[0]).map(({ code, scope }) => `${code} ${scope}`)
    expect(scopes).toContain('budget 123456789012/BlendedCost/service_usage/200000000001')
    expect(scopes).toContain('budget 123456789012/accounts')
  })

  it('goes on to others where one question is refused, however small the budget', async () => {
    const play = await openPlay(
      { linked: 1 },
      { requests_per_day: 1, linked_accounts: ['200000000001', '123456789012'] },
    )
    await play.aws.control('POST', 'denials', { actions: ['ce:*'] })
    await play.tick(NINE_MS)
    await play.aws.control('POST', 'denials', { actions: [] })
    // The first of the list failed on the first day; the second has its day next.
    await play.tick(NINE_MS + DAY_MS)
    expect(new Set(play.lines().map(({ tags }) => tags['account_id']))).toEqual(new Set(['123456789012']))
  })

  it('is not spent by a rehearsal, a plan or a doctor', async () => {
    const play = await openPlay({})
    const debug = play.runAt(NINE_MS, { debug: true })
    await play.script.run(debug)
    expect(debug.lines.join('\n')).toContain('nothing is asked')
    await play.script.plan?.(play.runAt(NINE_MS, { debug: true }), { intervalMs: HOUR_MS })
    const checks = await play.script.doctor?.(play.runAt(NINE_MS, { debug: true }))
    const own = checks?.filter(({ id }) => !id.startsWith('clock@'))
    expect(own?.map(({ status }) => status)).toEqual(['ok', 'ok'])
    expect((await play.paid()).byDay).toEqual({})
  })

  it('is not thrown after a refusal: the next attempts come hours later, and the record says why', async () => {
    const play = await openPlay({}, { linked_accounts: 'own' })
    await play.aws.control('POST', 'denials', { actions: ['ce:*'] })
    for (let hour = 0; hour < 15; hour += 1) await play.tick(NINE_MS + hour * HOUR_MS)
    const asked = play.runs.filter((run) => run.totals().requests['ce:GetCostAndUsage'] === 1)
    expect(asked).toHaveLength(4)
    expect(asked.slice(0, 1).flatMap(problemsOf)).toMatchObject([
      { code: 'forbidden', action: 'ce:GetCostAndUsage' },
    ])
    const waiting = play.runs.filter((run) => !asked.includes(run))
    expect(waiting.slice(0, 1).flatMap(problemsOf)).toMatchObject([{ code: 'waiting', severity: 'warning' }])
    const checks = await play.script.doctor?.(play.runAt(NINE_MS + 15 * HOUR_MS, { debug: true }))
    const failed = checks?.filter(({ id, status }) => status === 'failed' && !id.startsWith('clock@'))
    expect(failed?.map(({ id }) => id)).toEqual([
      'ce:GetCostAndUsage@123456789012/us-east-1',
      'billing.reading@123456789012/BlendedCost/service_usage/123456789012',
    ])
  })

  it('is planned by the day, from what is known without asking', async () => {
    const play = await openPlay({ linked: 4 })
    await play.tick(NINE_MS)
    const run = play.runAt(NINE_MS + DAY_MS)
    const plan = await play.script.plan?.(run, { intervalMs: HOUR_MS })
    expect(plan?.requests).toEqual([
      {
        accountId: '123456789012',
        region: 'us-east-1',
        api: 'ce:GetCostAndUsage',
        every: 'day',
        rule: 'costs',
        requests: 5,
      },
      {
        accountId: '123456789012',
        region: 'us-east-1',
        api: 'ce:GetCostAndUsage',
        every: 'day',
        rule: 'accounts',
        requests: 1,
      },
    ])
    const next = await play.tick(NINE_MS + DAY_MS)
    expect(next.totals().requests).toEqual({ 'ce:GetCostAndUsage': 6 })
  })
})

describe('the day on which money is spent', () => {
  it('is AWS’s, whatever time of the past a run is executed at, and nothing that is known goes back', async () => {
    const play = await openPlay({ linked: 3 }, { requests_per_day: 5 })
    for (let day = 0; day <= 12; day += 1) await play.tick(NINE_MS + day * DAY_MS)
    const lastMs = NINE_MS + 12 * DAY_MS
    const before = [...play.store.state].filter(([key]) => key.includes('/reading/'))
    play.setClocks(lastMs + 10 * 60_000)
    for (const daysBack of [10, 9, 1]) await play.script.run(play.runAt(lastMs - daysBack * DAY_MS))
    expect([...play.store.state].filter(([key]) => key.includes('/reading/'))).toEqual(before)
    await play.tick(lastMs + HOUR_MS)
    const { byDay } = await play.paid()
    expect(Math.max(...Object.values(byDay))).toBe(5)
    // What was owed then is not forgotten, nor is it asked for again.
    await play.tick(lastMs + DAY_MS)
    expect(new Set(play.lines().map(({ tags }) => tags['billing_date'])).has('2026-10-13')).toBe(true)
  })

  it('is found out from AWS, for nothing, where a first run is executed at a time of the past', async () => {
    const play = await openPlay({ linked: 3 }, { requests_per_day: 2 })
    play.setClocks(NINE_MS + 20 * DAY_MS)
    for (const day of [0, 5, 10, 19]) await play.script.run(play.runAt(NINE_MS + day * DAY_MS))
    await play.tick(NINE_MS + 20 * DAY_MS)
    expect((await play.paid()).byDay).toEqual({ '2026-10-21': 2 })
  })

  it('is the next one for what a run asks after midnight', async () => {
    const play = await openPlay({ linked: 3 }, { requests_per_day: 3 })
    const midnightMs = MONTH_START_MS + DAY_MS
    let commits = 0
    play.beforeCommit = ({ points }) => {
      if (points.length > 0) commits += 1
      if (commits === 1) play.setClocks(midnightMs + 60_000)
    }
    await play.tick(midnightMs - 60_000)
    await play.tick(midnightMs + 9 * HOUR_MS)
    const { byDay } = await play.paid()
    expect(byDay['2026-10-01']).toBe(2)
    expect(byDay['2026-10-02']).toBe(3)
  })

  it('is counted, and goes round, beside what was noted under a clock that ran ahead', async () => {
    const accounts = ['123456789012', '200000000001']
    const play = await openPlay({ linked: 1 }, { requests_per_day: 1, linked_accounts: accounts })
    const aheadMs = Date.parse('2099-01-01T00:00:00Z')
    const dayOf = (index: number): string => new Date(aheadMs + index * DAY_MS).toISOString().slice(0, 10)
    const ahead = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [dayOf(index), 1]))
    play.store.state.set('billing/123456789012/paid', ahead)
    play.store.state.set('billing/123456789012/asked', {
      'BlendedCost/service_usage/123456789012': aheadMs,
    })
    for (const hour of [0, 1, 2]) await play.tick(NINE_MS + hour * HOUR_MS)
    expect((await play.paid()).byDay).toEqual({ '2026-10-01': 1 })
    expect(Object.keys(play.store.state.get('billing/123456789012/paid') ?? {})).toHaveLength(31)
    // Nothing says that the first of the list was asked today.
    const asked = (): Set<string | undefined> => new Set(play.lines().map(({ tags }) => tags['account_id']))
    expect(asked()).toEqual(new Set(['123456789012']))
    await play.tick(NINE_MS + DAY_MS)
    expect(asked()).toEqual(new Set(accounts))
  })
})
