import { describe, expect, it, onTestFinished } from 'vitest'
import { DAY_MS, HOUR_MS } from '../../core/time.ts'
import { BillingCollector } from '../../scripts/guance_aws_billing/main.ts'
import { Runner } from '../../scripts/guance_integration/main.ts'
import { BillingPlay, MONTH_START_MS, problemsOf, sumUnits, unitsOf } from './billing-fixture.ts'

const NINE_MS = MONTH_START_MS + 9 * HOUR_MS

async function open(...args: Parameters<typeof BillingPlay.open>): Promise<BillingPlay> {
  const play = await BillingPlay.open(...args)
  onTestFinished(async () => play.aws.close())
  return play
}

describe('a line of the bill', () => {
  it('has upstream’s tags, its slip of the pen included, and the right one beside it', async () => {
    const play = await open({ linked: 1 })
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

  it('says that GovCloud is billed elsewhere', async () => {
    const play = await open({})
    const session = { ...play.aws.session, partition: 'aws-us-gov' }
    const run = play.runAt(NINE_MS, { session })
    await expect(play.script.run(run)).rejects.toThrow(/billed through the commercial account/)
    expect(play.store.state.size).toBe(0)
  })

  it('is in the currency of its partition, asked for where its Cost Explorer is', async () => {
    const play = await open({}, {}, { regions: ['cn-northwest-1'] })
    play.aws.simulator.control('clock', { nowMs: NINE_MS })
    const session = { ...play.aws.session, partition: 'aws-cn' }
    const run = play.runAt(NINE_MS, { session })
    await play.script.run(run)
    expect(new Set(play.lines().map(({ tags }) => tags['currency']))).toEqual(new Set(['CNY']))
    expect(run.usage.map(({ region }) => region)).toEqual(['cn-northwest-1', 'cn-northwest-1'])
  })
})

describe('other groupings', () => {
  it('cut the same sums by tag and by category, under a name of their own, for a request each', async () => {
    const play = await open(
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
    const play = await open({})
    await play.tick(NINE_MS)
    for (const minutes of [1, 10, 60, 600]) await play.tick(NINE_MS + minutes * 60_000)
    expect((await play.paid()).byDay).toEqual({ '2026-10-01': 2 })
  })

  it('ends where requests_per_day says, newest days first, and what is missing comes on the next days', async () => {
    const play = await open({ pageRows: 100, revisions: false }, { requests_per_day: 3 })
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

  it('is not spent by a rehearsal, a plan or a doctor', async () => {
    const play = await open({})
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
    const play = await open({}, { linked_accounts: 'own' })
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

  it('is shared out to functions as it was read last, also on the day on which costs by resource are asked for first', async () => {
    const functions = { regions: ['us-east-1' as const, 'eu-west-1' as const] }
    const play = await open({}, { functions }, { functions: 2, active: 1 })
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

  it('is planned by the day, from what is known without asking', async () => {
    const play = await open({ linked: 4 })
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
    const play = await open({})
    await play.tick(NINE_MS)
    await play.tick(MONTH_START_MS + DAY_MS + 7.9 * HOUR_MS)
    const days = (): string[] =>
      [...new Set(play.lines().map(({ tags }) => tags['billing_date'] ?? ''))].toSorted()
    expect(days().at(-1)).toBe('2026-09-30')
    await play.tick(MONTH_START_MS + DAY_MS + 8 * HOUR_MS)
    expect(days().at(-1)).toBe('2026-10-01')
  })

  it('are collected again by hand, and those older than the store takes are not', async () => {
    const play = await open({ revisions: false })
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

  it('are expected once they were read', async () => {
    const play = await open({})
    const empty = { objects: [], metrics: [] }
    expect(await play.script.expected?.(play.runAt(NINE_MS))).toEqual(empty)
    await play.tick(NINE_MS)
    const expected = { ...empty, logs: [{ measurement: 'cloud_billing' }] }
    expect(await play.script.expected?.(play.runAt(NINE_MS))).toEqual(expected)
  })
})

describe('the set beside others', () => {
  it('runs in one Startup script with a second account of the same credentials', async () => {
    const play = await open({})
    const account = { extra_tags: { account_name: 'a', account_id: '123456789012' } }
    const both = Runner([BillingCollector(account), BillingCollector(account, { cost: 'UnblendedCost' })])
    play.aws.simulator.control('clock', { nowMs: NINE_MS })
    await both.run(play.runAt(NINE_MS))
    const costs = Map.groupBy(play.lines(), ({ tags }) => tags['cost_type'])
    expect([...costs.keys()]).toEqual(['BlendedCost', 'UnblendedCost'])
    expect((await play.paid()).byDay).toEqual({ '2026-10-01': 3 })
  })
})
