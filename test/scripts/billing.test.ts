import { describe, expect, it } from 'vitest'
import type { Point } from '../../core/dff.ts'
import { DAY_MS, HOUR_MS } from '../../core/time.ts'
import { BillingCollector } from '../../scripts/guance_aws_billing/main.ts'
import { Runner } from '../../scripts/guance_integration/main.ts'
import { MONTH_START_MS, openPlay, sumUnits, unitsOf } from './billing-fixture.ts'

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

describe('costs of functions', () => {
  it.each(['auto', 'metrics'] as const)(
    'by %s need the own account among those that are named, and say so',
    (source) => {
      const account = { extra_tags: { account_name: 'a', account_id: '123456789012' } }
      const functions = { regions: ['us-east-1' as const], source }
      const without = { functions, linked_accounts: ['200000000001', '200000000002'] }
      expect(() => BillingCollector(account, without)).toThrow(
        /billingConfigs\.linked_accounts: expected also the own account 123456789012.*got 200000000001, 200000000002/,
      )
      for (const configs of [
        { functions },
        { ...without, linked_accounts: ['200000000001', '123456789012'] },
      ])
        expect(BillingCollector(account, configs).name).toBe('AWS-Billing')
    },
  )
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
    play.setClocks(NINE_MS)
    await both.run(play.runAt(NINE_MS))
    const costs = Map.groupBy(play.lines(), ({ tags }) => tags['cost_type'])
    expect([...costs.keys()]).toEqual(['BlendedCost', 'UnblendedCost'])
    expect((await play.paid()).byDay).toEqual({ '2026-10-01': 3 })
  })

  it('pays from one purse with a collector of the same account that nobody could name at first', async () => {
    const play = await openPlay({ linked: 5 })
    const account = { extra_tags: { account_name: 'a', account_id: '123456789012' } }
    const configs = { requests_per_day: 6 }
    const named = BillingCollector(account, configs)
    const late = BillingCollector(account, { ...configs, cost: 'UnblendedCost' })
    const unnamed = { ...late, accountId: async () => Promise.reject(new Error('STS did not answer')) }
    play.setClocks(NINE_MS)
    const run = play.runAt(NINE_MS)
    await Runner([named, unnamed]).run(run)
    expect((await play.paid()).byDay).toEqual({ '2026-10-01': 6 })
    expect(play.store.state.get('billing/123456789012/paid')).toEqual({ '2026-10-01': 6 })
    // Each line once, whichever of the two wrote it.
    const ids = play.lines().map(({ tags }) => tags['billing_id'])
    expect(new Set(ids).size).toBe(ids.length)
  })
})
