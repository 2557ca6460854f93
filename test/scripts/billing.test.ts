import { describe, expect, it } from 'vitest'
import type { Point } from '../../core/dff.ts'
import { DAY_MS, HOUR_MS } from '../../core/time.ts'
import { BillingCollector } from '../../scripts/guance_aws_billing/main.ts'
import { Runner } from '../../scripts/guance_integration/main.ts'
import { MONTH_START_MS, openPlay, problemsOf, sumUnits, unitsOf } from './billing-fixture.ts'

const NINE_MS = MONTH_START_MS + 9 * HOUR_MS

describe('a line of the bill', () => {
  it('has upstream’s tags, its slip of the pen included, and the right one beside it', async () => {
    const play = await openPlay({ linked: 1 })
    await play.tick(NINE_MS)
    const own = play.lines().find(({ tags }) => tags['usage_type'] === 'Request')
    expect(own).toMatchObject({
      category: 'logging',
      measurement: 'cloud_billing',
      tags: {
        account_id: '123456789012',
        account_name: '生产, "main"',
        payer_account_id: '123456789012',
        cloud_provider: 'aws',
        product_code: 'AWS Lambda',
        product_name: 'AWS Lambda',
        intance_id: 'Request',
        instance_id: 'Request',
        billing_id: expect.stringMatching(/^[0-9a-f]{24}$/) as string,
        billing_date: expect.stringMatching(/^2026-09-\d\d$/) as string,
        grouping: 'service_usage',
        cost_type: 'BlendedCost',
        currency: 'USD',
        env: 'prod',
      },
      fields: { revision: 1n, is_estimate: true, status: 'info' },
    })
    expect(own?.fields['amount']).toBe(own?.fields['amount_change'])
    const names = new Map(play.lines().map(({ tags }) => [tags['account_id'], tags['account_name']]))
    expect(names.get('200000000001')).toBe('team 01, "测试"')
  })

  it('needs the account’s name and id, and says which is missing', () => {
    expect(() => BillingCollector({ extra_tags: { account_name: 'a' } })).toThrow(
      /extra_tags\.account_id: expected the 12 digits of this account, got nothing/,
    )
    expect(() => BillingCollector({ extra_tags: { account_id: '123456789012' } })).toThrow(
      /extra_tags\.account_name/,
    )
  })
})

describe('other groupings', () => {
  it('cut the same sums by tag and by category, under a name of their own, for a request each', async () => {
    const play = await openPlay(
      { linked: 2, revisions: false },
      { groupings: [{ tag: 'team' }, { cost_category: 'Kind' }] },
    )
    const run = await play.tick(NINE_MS)
    expect(run.totals().requests).toEqual({ 'ce:GetCostAndUsage': 1 + 3 + 2 })
    const sums = ['service_usage', 'tag:team', 'cost_category:Kind'].map((grouping) =>
      sumUnits(play.lines(grouping)),
    )
    const truth = await play.truth(MONTH_START_MS - 14 * DAY_MS, MONTH_START_MS)
    expect(sums).toEqual(Array(3).fill(unitsOf(truth.total)))
    expect(new Set(play.lines('tag:team').map(({ tags }) => tags['group']))).toEqual(
      new Set(['payments', 'search, ads', '数据 "平台"', '(none)']),
    )
  })
})

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

describe('days', () => {
  it('are read when they are over and AWS has refreshed, and not before', async () => {
    const play = await openPlay({})
    await play.tick(NINE_MS)
    await play.tick(MONTH_START_MS + DAY_MS + 7.9 * HOUR_MS)
    const days = (): string[] =>
      [...new Set(play.lines().map(({ tags }) => tags['billing_date'] ?? ''))].toSorted()
    expect(days().at(-1)).toBe('2026-09-30')
    await play.tick(MONTH_START_MS + DAY_MS + 8 * HOUR_MS)
    expect(days().at(-1)).toBe('2026-10-01')
  })

  it('are collected again by hand, and those older than the store takes are not', async () => {
    const play = await openPlay({ revisions: false })
    play.sink = { rewrite: 'unknown', mergesFields: false, retentionHours: 5 * 24 }
    await play.tick(NINE_MS)
    const first = play.lines().map(({ tags }) => tags['billing_date'] ?? '')
    expect(first.toSorted()[0]).toBe('2026-09-27')
    play.sink = { rewrite: 'unknown', mergesFields: false }
    const backfill = { startMs: MONTH_START_MS - 10 * DAY_MS, endMs: MONTH_START_MS - 9 * DAY_MS }
    await play.script.run(play.runAt(NINE_MS + HOUR_MS, { backfill }))
    const again = play.lines().filter(({ tags }) => tags['billing_date'] === '2026-09-21')
    expect(again.length).toBeGreaterThan(20)
    const run = play.runAt(NINE_MS + 2 * HOUR_MS, { backfill })
    await play.script.run(run)
    // Asked once more by hand: paid for, and nothing is written, because nothing changed.
    expect(run.totals().requests).toEqual({ 'ce:GetCostAndUsage': 1 })
    expect(play.lines().filter(({ tags }) => tags['billing_date'] === '2026-09-21')).toHaveLength(
      again.length,
    )
  })

  it('are read anew for another store, and one that comes back goes on where it was', async () => {
    const play = await openPlay({})
    const traits = { rewrite: 'unknown', mergesFields: false } as const
    const pointsOf = async (store: string, day: number): Promise<readonly Point[]> => {
      play.sink = { ...traits, store }
      const before = play.store.points.length
      await play.tick(NINE_MS + day * DAY_MS)
      return play.store.points.slice(before)
    }
    const first = await pointsOf('one', 0)
    const other = await pointsOf('two', 1)
    const back = await pointsOf('one', 2)
    expect(other.length).toBeGreaterThan(first.length * 0.9)
    expect(other.every(({ fields }) => fields['revision'] === 1n)).toBe(true)
    expect(other.every(({ fields }) => fields['amount'] === fields['amount_change'])).toBe(true)
    // The store that missed a day has two new ones to get, and revisions of what it has.
    const days = new Set(back.map(({ tags }) => tags['billing_date'] ?? ''))
    expect(['2026-10-01', '2026-10-02'].every((day) => days.has(day))).toBe(true)
    expect(back.some(({ fields }) => fields['revision'] === 2n)).toBe(true)
    const newest = new Map([...first, ...back].map((point) => [point.tags['billing_id'], point]))
    const amounts = [...newest.values()]
    expect(sumUnits([...first, ...back], 'amount_change')).toBe(sumUnits(amounts))
    // A page each, and the list of the week: another store costs no request more.
    expect((await play.paid()).byDay).toEqual({ '2026-10-01': 2, '2026-10-02': 1, '2026-10-03': 1 })
  })

  it.each([60, 75, 82, 90])(
    'that were read before a rest of %d days are not written as new ones again',
    async (days) => {
      const play = await openPlay({ usageTypes: 6 }, { linked_accounts: 'own' })
      for (const day of [0, 1]) await play.tick(NINE_MS + day * DAY_MS)
      const had = new Set(play.lines().map(({ tags }) => tags['billing_id']))
      const before = play.lines().length
      await play.tick(NINE_MS + days * DAY_MS)
      const again = play.lines().slice(before)
      const isHad = ({ tags }: Point): boolean => had.has(tags['billing_id'])
      expect(again.some(isHad)).toBe(true)
      expect(again.filter((point) => isHad(point) && point.fields['revision'] === 1n)).toEqual([])
    },
  )

  it('of a long first reading are remembered as far back as AWS may still change them', async () => {
    const play = await openPlay({ usageTypes: 6 }, { lookback_days: 120, linked_accounts: 'own' })
    await play.tick(NINE_MS)
    const days = play.lines().map(({ tags }) => tags['billing_date'] ?? '')
    expect(new Set(days).size).toBe(120)
    const books = [...play.store.state.keys()].filter((key) => key.includes('/book/'))
    expect(books).toHaveLength(69)
    expect(books.map((key) => key.slice(-10)).toSorted()[0]).toBe('2026-07-24')
  })

  it('are expected once they were read', async () => {
    const play = await openPlay({})
    const empty = { objects: [], metrics: [] }
    expect(await play.script.expected?.(play.runAt(NINE_MS))).toEqual(empty)
    await play.tick(NINE_MS)
    const expected = { ...empty, logs: [{ measurement: 'cloud_billing' }] }
    expect(await play.script.expected?.(play.runAt(NINE_MS))).toEqual(expected)
  })
})

describe('the set beside others', () => {
  it('runs in one Startup script with a second account of the same credentials', async () => {
    const play = await openPlay({})
    const account = { extra_tags: { account_name: 'a', account_id: '123456789012' } }
    const both = Runner([BillingCollector(account), BillingCollector(account, { cost: 'UnblendedCost' })])
    play.aws.simulator.control('clock', { nowMs: NINE_MS })
    await both.run(play.runAt(NINE_MS))
    const costs = Map.groupBy(play.lines(), ({ tags }) => tags['cost_type'])
    expect([...costs.keys()]).toEqual(['BlendedCost', 'UnblendedCost'])
    expect((await play.paid()).byDay).toEqual({ '2026-10-01': 3 })
  })
})
