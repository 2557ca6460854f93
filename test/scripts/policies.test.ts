import { COMPLETE } from './aws-fixture.ts'
import { describe, expect, it } from 'vitest'
import type { CostPlan } from '../../core/dff.ts'
import { HOUR_MS, MINUTE_MS, SLEEPY, START_MS, startHome } from './policy-fixture.ts'
import type { TestRun } from './run-context.ts'

function billedBy({ predictions }: TestRun, rule: string): number {
  return predictions.reduce((sum, one) => sum + (one.rule === rule ? one.billedMetrics : 0), 0)
}

function plannedBy({ metrics }: CostPlan, every: string): number {
  return metrics.reduce((sum, row) => sum + (row.every === every ? row.billedMetrics : 0), 0)
}

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

  it('holds for the polls that a long backfill by hand does the work of', async () => {
    const home = await startHome(SLEEPY, { functions: 15 })
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

describe('critical functions', () => {
  const critical = { functions: ['*'] }

  it('are collected every minute for themselves, the rest of them by run, and nothing twice or not at all', async () => {
    const home = await startHome(
      SLEEPY.slice(0, 1).map((group) => ({ ...group, share: 1 })),
      { functions: 6 },
    )
    for (let minute = 0; minute < 60; minute += 1) {
      const atMs = START_MS + minute * MINUTE_MS
      if (minute % 5 === 0) await home.poll(atMs, { critical })
      const run = await home.poll(atMs, { critical, tier: 'critical' })
      expect(run.problems).toEqual([])
    }
    await home.poll(START_MS + HOUR_MS, { critical })
    expect(home.audit(START_MS - 2 * HOUR_MS, START_MS + 45 * MINUTE_MS)).toMatchObject(COMPLETE)
    const lines = home.store.points.filter(({ measurement }) => measurement === 'aws_AWS/Lambda')
    const core = lines.filter(({ tags }) => tags['tier'] === 'critical')
    const names = (points: typeof lines): readonly string[] =>
      [
        ...new Set(
          points.flatMap(({ fields }) => Object.keys(fields).map((field) => field.split('_')[0] ?? '')),
        ),
      ].toSorted()
    expect(names(core)).toEqual(['Duration', 'Errors', 'Invocations', 'Throttles'])
    expect(names(lines.filter((line) => !core.includes(line)))).not.toContain('Invocations')
    expect(home.audit(START_MS, START_MS + 45 * MINUTE_MS).alertMinutes?.p95).toBeLessThanOrEqual(5)
  }, 120_000)

  it('fire a monitor within six minutes of the invocation’s end where a value goes out once', async () => {
    const home = await startHome(
      SLEEPY.slice(0, 1).map((group) => ({ ...group, share: 1 })),
      {
        functions: 6,
        sink: { rewrite: 'unknown', mergesFields: false },
      },
    )
    for (let minute = 0; minute < 60; minute += 1)
      await home.poll(START_MS + minute * MINUTE_MS, { critical, tier: 'critical' })
    expect(home.audit(START_MS, START_MS + 45 * MINUTE_MS).alertMinutes?.p95).toBeLessThanOrEqual(6)
  }, 120_000)

  it('are taken over where run left them', async () => {
    const home = await startHome(
      SLEEPY.slice(0, 1).map((group) => ({ ...group, share: 1 })),
      {
        functions: 6,
        sink: { rewrite: 'unknown', mergesFields: false },
      },
    )
    await home.pollAll(START_MS, START_MS + 30 * MINUTE_MS, {})
    for (let minute = 30; minute < 50; minute += 1) {
      const atMs = START_MS + minute * MINUTE_MS
      if (minute % 5 === 0) await home.poll(atMs, { critical })
      await home.poll(atMs, { critical, tier: 'critical' })
    }
    expect(home.audit(START_MS - 2 * HOUR_MS, START_MS + 40 * MINUTE_MS)).toMatchObject(COMPLETE)
  }, 120_000)

  it('are taken over with the gaps that run had left', async () => {
    const home = await startHome(
      SLEEPY.slice(0, 1).map((group) => ({ ...group, share: 1 })),
      { functions: 6 },
    )
    await home.pollAll(START_MS, START_MS + 30 * MINUTE_MS, {})
    // Without time for repair.
    const backMs = START_MS + 9 * HOUR_MS
    await home.poll(backMs, {}, { elapsedMs: () => 59.5 * MINUTE_MS })
    for (let minute = 5; minute < 30; minute += 1) {
      const atMs = backMs + minute * MINUTE_MS
      if (minute % 5 === 0) await home.poll(atMs, { critical })
      await home.poll(atMs, { critical, tier: 'critical' })
    }
    expect(home.audit(START_MS - 2 * HOUR_MS, backMs + 15 * MINUTE_MS)).toMatchObject(COMPLETE)
  }, 120_000)

  it('are planned for themselves, and the rest without them', async () => {
    const home = await startHome(
      SLEEPY.slice(0, 1).map((group) => ({ ...group, share: 1 })),
      { functions: 6 },
    )
    const whole = plannedBy((await home.plan(START_MS, { policy: 'everything' })).plan, 'poll')
    const { plan: rest } = await home.plan(START_MS, { policy: 'everything', critical })
    const { plan: core } = await home.plan(START_MS, { critical, tier: 'critical' })
    expect([plannedBy(core, 'poll'), plannedBy(rest, 'poll')]).toEqual([6 * 4, whole - 6 * 4])
    const options = new Set(core.options.map(({ billedMetricsPerPoll }) => billedMetricsPerPoll))
    expect(options).toEqual(new Set([6 * 4]))
  }, 60_000)

  it('are planned beside idle ones and sleepers as all of them are metered', async () => {
    const rare = { burstMin: 1, everyMin: 14_400 }
    const groups = SLEEPY.map((group, index) => ({
      ...group,
      share: 0.5,
      ...(index > 0 ? { activity: rare } : {}),
    }))
    const home = await startHome(groups, { functions: 24 })
    await home.poll(START_MS, { policy: 'mask' })
    const busy = home.store.points.filter(({ measurement }) => measurement === 'aws_AWS/Lambda')
    const names = [...new Set(busy.flatMap(({ tags }) => tags['name'] ?? []))]
    const [first = '', second = '', ...others] = names
    const settings = {
      critical: { functions: [first, second] as [string, string] },
      idle: { functions: others.slice(0, 4) as [string], everyMin: 30 },
    }
    await home.pollAll(START_MS + 5 * MINUTE_MS, START_MS + 4 * HOUR_MS, settings)
    const { plan } = await home.plan(START_MS + 4 * HOUR_MS, settings)
    const metered = new Map<string, number>()
    for (let atMs = START_MS + 4 * HOUR_MS; atMs < START_MS + 5 * HOUR_MS; atMs += 5 * MINUTE_MS) {
      const run = await home.poll(atMs, settings)
      for (const rule of ['mask', 'gate'])
        metered.set(rule, (metered.get(rule) ?? 0) + billedBy(run, rule) / 12)
    }
    for (const [rule, units] of metered) {
      const planned = plan.metrics.reduce((sum, row) => sum + (row.rule === rule ? row.billedMetrics : 0), 0)
      expect(units).toBeGreaterThan(0)
      expect(Math.abs(planned / units - 1)).toBeLessThan(0.02)
    }
  }, 120_000)

  it('that nobody collects are told', async () => {
    const home = await startHome(SLEEPY, { functions: 5 })
    await home.poll(START_MS, { critical })
    const run = await home.poll(START_MS + 5 * MINUTE_MS, { critical })
    expect(run.problems).toMatchObject([{ code: 'critical-not-run', severity: 'error' }])
  }, 60_000)
})
