import { describe, expect, it } from 'vitest'
import { COMPLETE, SEED_METRICS } from '../../scripts/aws-fixture.ts'
import {
  billedBy,
  HOUR_MS,
  MINUTE_MS,
  plannedBy,
  SLEEPY,
  START_MS,
  startHome,
} from '../../scripts/policy-fixture.ts'
import type { TestRun } from '../../scripts/run-context.ts'

describe('policy mask', () => {
  it('asks only who was active, finds who wakes by the region’s sums, and loses nothing', async () => {
    const home = await startHome(SLEEPY, { functions: 15 })
    const settings = { policy: 'mask' as const }
    const polls: TestRun[] = []
    for (let atMs = START_MS; atMs < START_MS + 8 * HOUR_MS; atMs += 5 * MINUTE_MS)
      polls.push(await home.poll(atMs, settings))
    const [first, ...later] = polls
    const everybody = first === undefined ? 0 : billedBy(first, 'mask')
    const regular = later.map((run) => billedBy(run, 'mask'))
    expect(Math.min(...regular)).toBeLessThan(everybody / 2)
    // Three sums while somebody sleeps, and now and then the sleepers.
    expect(new Set(later.map((run) => billedBy(run, 'gate')))).toEqual(new Set([3]))
    const woken = later.filter((run) => run.lines.some((line) => line.includes('woke')))
    expect(woken.length).toBeGreaterThan(0)
    expect(later.filter((run) => billedBy(run, 'wake') > 0).length).toBeLessThan(later.length / 3)
    const report = home.audit(START_MS - 3 * HOUR_MS, START_MS + 7.5 * HOUR_MS)
    expect(report).toMatchObject(COMPLETE)
    expect(report.expected).toBeGreaterThan(0)
  }, 120_000)

  it('asks everybody again when nothing ran for more than two hours', async () => {
    const home = await startHome(SLEEPY, { functions: 10 })
    const settings = { policy: 'mask' as const }
    await home.pollAll(START_MS, START_MS + HOUR_MS, settings)
    const before = billedBy(await home.poll(START_MS + HOUR_MS, settings), 'mask')
    const after = billedBy(await home.poll(START_MS + 4 * HOUR_MS, settings), 'mask')
    expect(after).toBeGreaterThan(1.5 * before)
    expect(home.audit(START_MS - 3 * HOUR_MS, START_MS + 3.5 * HOUR_MS)).toMatchObject(COMPLETE)
  }, 60_000)

  it('asks everybody as long as AWS does not say who was active', async () => {
    const home = await startHome(SLEEPY, { functions: 10 })
    const settings = { policy: 'mask' as const }
    await home.pollAll(START_MS, START_MS + HOUR_MS, settings)
    const masked = billedBy(await home.poll(START_MS + HOUR_MS, settings), 'mask')
    home.simulator.control('denials', { actions: ['cloudwatch:ListMetrics'] })
    await home.pollAll(START_MS + HOUR_MS + 5 * MINUTE_MS, START_MS + HOUR_MS + 20 * MINUTE_MS, settings)
    const blind = billedBy(await home.poll(START_MS + HOUR_MS + 20 * MINUTE_MS, settings), 'mask')
    expect(blind).toBeGreaterThan(1.5 * masked)
  }, 60_000)

  it('lets those sleep whose invocations may not be read: who wakes is in AWS’s list', async () => {
    const home = await startHome(SLEEPY, { functions: 15 })
    const metrics = ['Invocations', 'Errors']
    home.simulator.control('denials', { actions: ['cloudwatch:GetMetricData'], metrics })
    const runs: TestRun[] = []
    for (let atMs = START_MS; atMs < START_MS + 8 * HOUR_MS; atMs += 5 * MINUTE_MS)
      runs.push(await home.poll(atMs, { policy: 'mask' }))
    const [first, ...later] = runs
    const everybody = first === undefined ? 0 : billedBy(first, 'mask')
    const regular = later.slice(later.length / 2).map((run) => billedBy(run, 'mask'))
    expect(Math.min(...regular)).toBeLessThan(everybody / 2)
    expect(new Set(later.map((run) => billedBy(run, 'wake')))).toEqual(new Set([0]))
    const readable = SEED_METRICS.filter((metric) => !metrics.includes(metric))
    const report = home.audit(START_MS - 3 * HOUR_MS, START_MS + 7.5 * HOUR_MS, readable)
    expect(report).toMatchObject(COMPLETE)
    expect(report.expected).toBeGreaterThan(0)
  }, 120_000)

  it('holds for the polls that a long backfill by hand does the work of', async () => {
    const home = await startHome(SLEEPY, { functions: 15, sinceHours: 5 * 24 })
    const settings = { policy: 'mask' as const }
    await home.pollAll(START_MS, START_MS + HOUR_MS, settings)
    const atMs = START_MS + HOUR_MS
    const usual = await home.poll(atMs, settings)
    const meansOf = (): unknown => {
      const mask = [...home.store.state].find(
        ([key]) => key.endsWith('AWS/Lambda') && key.startsWith('mask/'),
      )
      return (mask?.[1] as { means?: unknown } | undefined)?.means
    }
    const before = meansOf() as { mask: number }
    let elapsedMs = 0
    const run = await home.poll(atMs + 2 * MINUTE_MS, settings, {
      backfill: { startMs: START_MS - 4 * 24 * HOUR_MS, endMs: START_MS - 24 * HOUR_MS },
      elapsedMs: () => elapsedMs,
      beforeCommit: ({ points }) => {
        if (!points.some(({ timeMs }) => timeMs < START_MS - 20 * HOUR_MS)) return
        elapsedMs += 6 * MINUTE_MS
        home.simulator.control('clock', { nowMs: atMs + 2 * MINUTE_MS + elapsedMs, frozen: true })
      },
    })
    const polls = run.predictions.filter(({ rule }) => rule === 'gate').length
    expect(polls).toBeGreaterThan(1)
    expect(billedBy(run, 'mask') / polls).toBeLessThan(1.3 * billedBy(usual, 'mask'))
    expect((meansOf() as { mask: number }).mask).toBeLessThan(1.3 * before.mask)
    const endMs = atMs + elapsedMs - 30 * MINUTE_MS
    expect(home.audit(START_MS - 3 * HOUR_MS, endMs)).toMatchObject(COMPLETE)
  }, 120_000)

  it('skips nothing where zeros are written', async () => {
    const home = await startHome(SLEEPY, { functions: 10 })
    await home.poll(START_MS, { zeros: true })
    const run = await home.poll(START_MS + 5 * MINUTE_MS, { zeros: true })
    expect([billedBy(run, 'mask'), billedBy(run, 'everything') > 0]).toEqual([0, true])
  }, 60_000)

  it('is planned as it polls', async () => {
    const home = await startHome(SLEEPY, { functions: 15 })
    const settings = { policy: 'mask' as const }
    await home.pollAll(START_MS, START_MS + 50 * MINUTE_MS, settings)
    const atMs = START_MS + 50 * MINUTE_MS
    const { plan } = await home.plan(atMs, settings)
    const run = await home.poll(atMs, settings)
    const rules = ['mask', 'gate'] as const
    const planned = rules.map((rule) =>
      plan.metrics.reduce((sum, row) => sum + (row.rule === rule ? row.billedMetrics : 0), 0),
    )
    expect(planned).toEqual(rules.map((rule) => billedBy(run, rule)))
    const option = (name: string): number =>
      plan.options.find((row) => row.option === name)?.billedMetricsPerPoll ?? Number.NaN
    expect(option('policy: mask')).toBe(plannedBy(plan, 'poll'))
    expect(option('policy: everything')).toBeGreaterThan(option('policy: mask'))
  }, 60_000)
})

describe('policy probe', () => {
  it('asks only of who did something for more than the probes, and loses nothing', async () => {
    const bursts = [
      {
        name: 'bursty',
        share: 1,
        perMin: [2, 6],
        timeoutSec: [3, 30],
        activity: { burstMin: 5, everyMin: 60 },
      },
    ]
    const home = await startHome(bursts, { functions: 12 })
    const settings = { policy: 'probe' as const }
    await home.poll(START_MS, settings)
    const before = home.counters().billedMetrics
    await home.pollAll(START_MS + 5 * MINUTE_MS, START_MS + 3 * HOUR_MS, settings)
    const probed = home.counters().billedMetrics - before
    const { plan } = await home.plan(START_MS + 3 * HOUR_MS, { policy: 'mask' })
    expect(probed).toBeLessThan(0.6 * 35 * plannedBy(plan, 'poll'))
    expect(home.audit(START_MS - 3 * HOUR_MS, START_MS + 2.5 * HOUR_MS)).toMatchObject(COMPLETE)
  }, 120_000)
})

describe('idle functions', () => {
  it.each(['everything', 'mask'] as const)(
    'are polled as often as it says, whole and without waking anybody, under policy %s',
    async (policy) => {
      const home = await startHome(SLEEPY, { functions: 10 })
      const settings = { policy, idle: { functions: ['*'], everyMin: 15 } }
      const runs: TestRun[] = []
      for (let atMs = START_MS; atMs < START_MS + 2 * HOUR_MS; atMs += 5 * MINUTE_MS)
        runs.push(await home.poll(atMs, settings))
      // What has no function is not of the tier.
      const least = Math.min(...runs.map((run) => billedBy(run, policy)))
      const turns = runs.map((run) => billedBy(run, policy) > least)
      expect(turns.map((isTurn) => (isTurn ? 1 : 0)).join('')).toBe('100'.repeat(8))
      expect(runs.reduce((sum, run) => sum + billedBy(run, 'wake'), 0)).toBeLessThan(40)
      expect(home.audit(START_MS - 3 * HOUR_MS, START_MS + 1.5 * HOUR_MS)).toMatchObject(COMPLETE)
      const { plan } = await home.plan(START_MS + 2 * HOUR_MS, settings)
      const mean = runs.slice(1).reduce((sum, run) => sum + billedBy(run, policy), 0) / (runs.length - 1)
      const planned = plan.metrics.reduce(
        (sum, row) => sum + (row.rule === policy ? row.billedMetrics : 0),
        0,
      )
      expect(Math.abs(planned / mean - 1)).toBeLessThan(0.25)
    },
    60_000,
  )
})
