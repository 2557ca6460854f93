import { describe, expect, it } from 'vitest'
import { COMPLETE } from '../../scripts/aws-fixture.ts'
import {
  billedBy,
  HOUR_MS,
  MINUTE_MS,
  plannedBy,
  SLEEPY,
  START_MS,
  startHome,
} from '../../scripts/policy-fixture.ts'

const ALL_STEADY = SLEEPY.slice(0, 1).map((group) => ({ ...group, share: 1 }))

describe('critical functions', () => {
  const critical = { functions: ['*'] }

  it('are collected every minute for themselves, the rest of them by run, and nothing twice or not at all', async () => {
    const home = await startHome(ALL_STEADY, { functions: 6 })
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
    const home = await startHome(ALL_STEADY, {
      functions: 6,
      sink: { rewrite: 'unknown', mergesFields: false },
    })
    for (let minute = 0; minute < 60; minute += 1)
      await home.poll(START_MS + minute * MINUTE_MS, { critical, tier: 'critical' })
    expect(home.audit(START_MS, START_MS + 45 * MINUTE_MS).alertMinutes?.p95).toBeLessThanOrEqual(6)
  }, 120_000)

  it('are taken over where run left them', async () => {
    const home = await startHome(ALL_STEADY, {
      functions: 6,
      sink: { rewrite: 'unknown', mergesFields: false },
    })
    await home.pollAll(START_MS, START_MS + 30 * MINUTE_MS, {})
    for (let minute = 30; minute < 50; minute += 1) {
      const atMs = START_MS + minute * MINUTE_MS
      if (minute % 5 === 0) await home.poll(atMs, { critical })
      await home.poll(atMs, { critical, tier: 'critical' })
    }
    expect(home.audit(START_MS - 2 * HOUR_MS, START_MS + 40 * MINUTE_MS)).toMatchObject(COMPLETE)
  }, 120_000)

  it('are taken over with the gaps that run had left', async () => {
    const home = await startHome(ALL_STEADY, { functions: 6 })
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

  it.each(['unknown', 'last'] as const)(
    'go back to run, and come again, without a minute in both or in none, where a second line counts as %s',
    async (rewrite) => {
      const home = await startHome(ALL_STEADY, { functions: 6, sink: { rewrite, mergesFields: false } })
      const pollBetween = async (fromMin: number, toMin: number, isCritical: boolean): Promise<void> => {
        for (let minute = fromMin; minute < toMin; minute += 1) {
          const atMs = START_MS + minute * MINUTE_MS
          const settings = isCritical ? { critical } : {}
          if (minute % 5 === 0) await home.poll(atMs, settings)
          if (isCritical) await home.poll(atMs, { critical, tier: 'critical' })
        }
      }
      await pollBetween(0, 30, true)
      await pollBetween(30, 60, false)
      await pollBetween(60, 90, true)
      await pollBetween(90, 120, false)
      // Long enough for an audit of everything.
      for (let hour = 2; hour < 28; hour += 0.25) await home.poll(START_MS + hour * HOUR_MS, {})
      const report = home.audit(START_MS - 2 * HOUR_MS, START_MS + 2 * HOUR_MS)
      expect(report.samples).toEqual([])
      expect(report).toMatchObject(COMPLETE)
    },
    120_000,
  )

  it.each(['unknown', 'last'] as const)(
    'that come back soon are in the lines of one tier, where a second line counts as %s',
    async (rewrite) => {
      const home = await startHome(ALL_STEADY, { functions: 3, sink: { rewrite, mergesFields: false } })
      // Away for 22 minutes, of which run polls some.
      for (let minute = 0; minute < 90; minute += 1) {
        const atMs = START_MS + minute * MINUTE_MS
        const isCritical = minute < 30 || minute >= 52
        if (isCritical) await home.poll(atMs, { critical, tier: 'critical' })
        if (minute % 5 === 0) await home.poll(atMs, isCritical ? { critical } : {})
      }
      expect(home.audit(START_MS - 2 * HOUR_MS, START_MS + 80 * MINUTE_MS)).toMatchObject(COMPLETE)
    },
    120_000,
  )

  const CORE = ['Invocations', 'Errors', 'Throttles', 'Duration']
  const targets = [{ namespace: 'AWS/Lambda', metrics: CORE }]

  it.each(['unknown', 'last'] as const)(
    'of which run has known nothing go to it as they were left, where a second line counts as %s',
    async (rewrite) => {
      const home = await startHome(ALL_STEADY, { functions: 3, sink: { rewrite, mergesFields: false } })
      for (let minute = 0; minute < 60; minute += 1) {
        const atMs = START_MS + minute * MINUTE_MS
        const isCritical = minute < 30
        if (minute % 5 === 0) await home.poll(atMs, isCritical ? { targets, critical } : { targets })
        if (isCritical) await home.poll(atMs, { targets, critical, tier: 'critical' })
      }
      expect(home.audit(START_MS - 2 * HOUR_MS, START_MS + 50 * MINUTE_MS, CORE)).toMatchObject(COMPLETE)
    },
    120_000,
  )

  it.each([
    { rewrite: 'last', mergesFields: false },
    { rewrite: 'last', mergesFields: true },
    { rewrite: 'unknown', mergesFields: true },
  ] as const)(
    'that were collected before anybody knew their tags are in one series a minute, in a store like %j',
    async (sink) => {
      const home = await startHome(ALL_STEADY, { functions: 3, sink })
      for (let minute = 0; minute < 90; minute += 1) {
        const atMs = START_MS + minute * MINUTE_MS
        if (minute < 45) await home.poll(atMs, { critical, tier: 'critical' })
        else if (minute % 5 === 0) await home.poll(atMs, {})
      }
      for (let hour = 2; hour < 28; hour += 0.25) await home.poll(START_MS + hour * HOUR_MS, {})
      const report = home.audit(START_MS - 2 * HOUR_MS, START_MS + 80 * MINUTE_MS)
      expect(report).toMatchObject({ wrong: 0, extra: 0 })
    },
    120_000,
  )

  it('leave no minute out that run had looked at before runCritical, where a value goes out once', async () => {
    const home = await startHome(ALL_STEADY, {
      functions: 3,
      sink: { rewrite: 'unknown', mergesFields: false },
    })
    for (let minute = 0; minute < 60; minute += 1) {
      const atMs = START_MS + minute * MINUTE_MS
      const isCritical = minute <= 30
      if (isCritical) await home.poll(atMs, { critical, tier: 'critical' })
      if (minute % 5 === 0) await home.poll(atMs, isCritical ? { critical } : {})
    }
    expect(home.audit(START_MS - 2 * HOUR_MS, START_MS + 50 * MINUTE_MS)).toMatchObject(COMPLETE)
  }, 120_000)

  it('are taken over where run left them, although it went on with others of their bucket', async () => {
    const home = await startHome(ALL_STEADY, {
      functions: 40,
      sink: { rewrite: 'last', mergesFields: false },
    })
    const some = { targets, critical: { functions: ['*0'] as [string] } }
    await home.pollAll(START_MS, START_MS + 30 * MINUTE_MS, { targets })
    await home.pollAll(START_MS + 30 * MINUTE_MS, START_MS + 90 * MINUTE_MS, some)
    for (let minute = 90; minute < 110; minute += 1) {
      const atMs = START_MS + minute * MINUTE_MS
      if (minute % 5 === 0) await home.poll(atMs, some)
      await home.poll(atMs, { ...some, tier: 'critical' })
    }
    expect(home.audit(START_MS - 2 * HOUR_MS, START_MS + 100 * MINUTE_MS, CORE)).toMatchObject(COMPLETE)
  }, 120_000)

  it('are planned for themselves, and the rest without them', async () => {
    const home = await startHome(ALL_STEADY, { functions: 6 })
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
