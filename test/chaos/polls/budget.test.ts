import { describe, expect, it } from 'vitest'
import { reportShort } from '../../../scripts/guance_aws_cloudwatch/plan-short.ts'
import { HOUR_MS, MINUTE_MS, START_MS, startHome } from '../../scripts/policy-fixture.ts'

const STEADY = [{ name: 'steady', share: 1, perMin: [1, 4], timeoutSec: [3, 30] }]

describe('a budget', () => {
  it('of a month stops the account loudly within one request, goes on failing, and begins anew with the month', async () => {
    const home = await startHome(STEADY, { functions: 10 })
    const budget = { perMonth: 200 }
    const failures: string[] = []
    for (let poll = 0; poll < 8; poll += 1) {
      const { failure } = await home.poll(START_MS + poll * 35 * MINUTE_MS, { budget })
      failures.push(failure instanceof Error ? failure.message : '')
    }
    expect(home.counters().billedMetrics).toBeGreaterThanOrEqual(200)
    // One request has at most so many metrics as the account has.
    expect(home.counters().billedMetrics).toBeLessThan(200 + 130)
    expect(failures[0]).toBe('')
    expect(failures.at(-1)).toContain('has spent its 200 billed metrics of the month')
    const spent = home.counters().billedMetrics
    await home.poll(Date.parse('2026-12-01T00:05:00Z'), { budget })
    expect(home.counters().billedMetrics).toBeGreaterThan(spent)
  }, 60_000)

  it('gives up in order, and says so', async () => {
    const home = await startHome(STEADY, { functions: 10 })
    const targets = [{ namespace: 'AWS/Lambda', metrics: 'ALL' as const }]
    const settings = { targets, policy: 'everything' as const, budget: { perMonth: 20_000 } }
    const told: string[] = []
    for (let poll = 0; poll < 6; poll += 1) {
      const { problems } = await home.poll(START_MS + poll * 5 * MINUTE_MS, settings)
      told.push(problems.find(({ code }) => code === 'budget')?.message ?? '')
    }
    const steps = told.map((message) => message.split(';').length)
    expect(told[0]).toBe('')
    expect(told[1]).toContain('metrics beyond the default ones are left out')
    expect(steps.slice(1)).toEqual([1, 2, 3, 4, 4])
  }, 60_000)

  it('that is enough for the idle tier at its turns gives up nothing, and one that is not stays short between them', async () => {
    const targets = [{ namespace: 'AWS/Lambda', metrics: 'ALL' as const }]
    const idle = { functions: ['*'] as [string], everyMin: 60 }
    const tellers = async (perMonth: number): Promise<readonly boolean[]> => {
      const home = await startHome(STEADY, { functions: 30 })
      const settings = { targets, idle, policy: 'everything' as const, budget: { perMonth } }
      const told: boolean[] = []
      for (let poll = 0; poll < 14; poll += 1) {
        const { problems } = await home.poll(START_MS + poll * 5 * MINUTE_MS, settings)
        told.push(problems.some(({ code }) => code === 'budget'))
      }
      return told
    }
    // Some 250,000 a month.
    expect(await tellers(400_000)).not.toContain(true)
    expect((await tellers(150_000)).slice(2)).not.toContain(false)
  }, 120_000)

  it('lets a backfill by hand through where polls are left out, and learns nothing from it', async () => {
    const home = await startHome(STEADY, { functions: 10 })
    const settings = { policy: 'everything' as const, budget: { perMonth: 20_000 } }
    for (let poll = 0; poll < 6; poll += 1) await home.poll(START_MS + poll * 5 * MINUTE_MS, settings)
    const atMs = START_MS + 26 * MINUTE_MS
    expect((await home.poll(atMs, settings)).lines.join()).toContain('left out of this poll by its budget')
    const key = [...home.store.state.keys()].find((one) => one.startsWith('degrade/')) ?? ''
    const before = home.store.state.get(key)
    const backfill = { startMs: START_MS - 30 * 60 * MINUTE_MS, endMs: START_MS - 20 * 60 * MINUTE_MS }
    const run = await home.poll(atMs + MINUTE_MS, settings, { backfill })
    expect(run.predictions.some(({ rule }) => rule === 'backfill')).toBe(true)
    const metrics = ['Invocations', 'Errors', 'Throttles', 'Duration']
    const core = { ...backfill, metrics }
    expect(home.simulator.control('audit', core)).toMatchObject({ missing: 0, wrong: 0, extra: 0 })
    expect(home.store.state.get(key)).toEqual(before)
  }, 60_000)

  it('of a poll leaves what is missing to the next, and says so', async () => {
    const home = await startHome(STEADY, { functions: 60 })
    const { problems, failure } = await home.poll(START_MS, { budget: { perPoll: 1 } })
    expect(failure).toBeUndefined()
    expect(problems).toContainEqual(expect.objectContaining({ code: 'budget', severity: 'error' }))
    // One request of 500 queries.
    expect(home.counters()).toMatchObject({ requests: { 'cloudwatch:GetMetricData': 1 } })
  }, 60_000)

  it('of a poll fails the task where the core is more than that and nothing is left to be given up', async () => {
    // Too many for one request, which would be let through whatever it costs.
    const home = await startHome(STEADY, { functions: 150 })
    const failures: unknown[] = []
    for (let poll = 0; poll < 7; poll += 1) {
      const { failure } = await home.poll(START_MS + poll * 35 * MINUTE_MS, { budget: { perPoll: 1 } })
      failures.push(failure)
    }
    expect(failures[0]).toBeUndefined()
    expect(failures.at(-1)).toMatchObject({
      message: expect.stringContaining('has spent its 1 billed metrics of the poll'),
    })
  }, 60_000)

  it('is held against what a plan foresees', async () => {
    const home = await startHome(STEADY, { functions: 10 })
    const { run } = await home.plan(START_MS, { budget: { perMonth: 1_000 } })
    expect(run.problems).toMatchObject([
      { code: 'budget', message: expect.stringContaining('used up after 0 days') },
    ])
  }, 60_000)

  it('of a poll is held against a plan, and the critical tier has nothing to give up', async () => {
    const home = await startHome(STEADY, { functions: 10 })
    const messagesOf = async (tier: object): Promise<readonly string[]> => {
      const { run } = await home.plan(START_MS, { budget: { perPoll: 1 }, ...tier })
      return run.problems.filter(({ code }) => code === 'budget').map(({ message }) => message)
    }
    expect(await messagesOf({})).toEqual([
      expect.stringMatching(
        /budget of a poll is 1\..*metrics beyond the default.*waits for the next poll\.$/u,
      ),
    ])
    expect(await messagesOf({ tier: 'critical', critical: { functions: ['*'] } })).toEqual([
      expect.stringContaining('in this order: nothing; then the rest waits for the next poll.'),
    ])
  }, 60_000)

  it('of all accounts is told by the plan of the one that is too much, and once', async () => {
    const home = await startHome(STEADY, { functions: 10 })
    const { plan } = await home.plan(START_MS, {})
    const perPoll = plan.metrics.reduce((sum, row) => sum + (row.every === 'poll' ? row.billedMetrics : 0), 0)
    const context = home.runAt(START_MS)
    const tell = (accountId: string): void =>
      reportShort(
        {
          context,
          accountId,
          configs: { regions: ['us-east-1'], targets: [], budget: { perPollInAll: 2.5 * perPoll } },
        },
        plan,
        { intervalMs: 5 * MINUTE_MS },
      )
    for (const accountId of ['111111111111', '222222222222', '333333333333', '444444444444']) tell(accountId)
    expect(context.problems).toMatchObject([
      {
        code: 'budget',
        scope: '333333333333',
        message: expect.stringContaining('of the accounts up to this one'),
      },
    ])
  }, 60_000)

  it('that ends a backfill by hand says to ask for the rest by hand', async () => {
    const home = await startHome(STEADY, { functions: 60 })
    await home.poll(START_MS, {})
    const { problems } = await home.poll(
      START_MS + 5 * MINUTE_MS,
      { budget: { perPoll: 1 } },
      { backfill: { startMs: START_MS - 12 * HOUR_MS, endMs: START_MS - 6 * HOUR_MS } },
    )
    expect(problems.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('ask for the rest of the window by --backfill again'),
    )
  }, 60_000)
})

describe('a cap on series', () => {
  it('collects the core first and the rest when it turns out to be enough', async () => {
    const home = await startHome(STEADY, { functions: 10 })
    const metrics = async (poll: number): Promise<readonly string[]> => {
      const before = home.store.points.length
      await home.poll(START_MS + poll * 35 * MINUTE_MS, { maxSeries: 10_000 })
      const points = home.store.points.slice(before).filter(({ category }) => category === 'metric')
      const names = points.flatMap(({ fields }) =>
        Object.keys(fields).map((field) => field.split('_')[0] ?? ''),
      )
      return [...new Set(names)].toSorted()
    }
    expect(await metrics(0)).toEqual(['Duration', 'Errors', 'Invocations', 'Throttles'])
    const counts = [await metrics(1), await metrics(2), await metrics(3), await metrics(4)]
    expect(Math.max(...counts.map(({ length }) => length))).toBeGreaterThan(4)
  }, 60_000)

  it('fails the task where not even the core keeps within it', async () => {
    const home = await startHome(STEADY, { functions: 10 })
    await home.poll(START_MS, { maxSeries: 5 })
    const { failure } = await home.poll(START_MS + 5 * MINUTE_MS, { maxSeries: 5 })
    expect(failure).toMatchObject({ message: expect.stringContaining('above 5') })
  }, 60_000)
})

describe('usage as points', () => {
  it('is what was metered, by API', async () => {
    const home = await startHome(STEADY, { functions: 4 })
    const run = await home.poll(START_MS, { usagePoints: true })
    const points = home.store.points.filter(({ measurement }) => measurement === 'dff_usage')
    const billed = points.reduce((sum, { fields }) => sum + Number(fields['billed_metrics']), 0)
    expect(billed).toBe(run.totals().billedMetrics)
    expect(points.map(({ tags }) => tags['api'])).toContain('cloudwatch:GetMetricData')
    expect(points.every(({ timeMs }) => timeMs === START_MS)).toBe(true)
  }, 60_000)
})
