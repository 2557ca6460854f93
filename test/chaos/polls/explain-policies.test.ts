import { describe, expect, it } from 'vitest'
import {
  HOUR_MS,
  MINUTE_MS,
  type PolicyHome,
  SLEEPY,
  START_MS,
  startHome,
} from '../../scripts/policy-fixture.ts'

const END_MS = START_MS + 4 * HOUR_MS

/** Functions as their objects name them. */
function namesOf(home: PolicyHome): readonly string[] {
  const objects = home.store.points.filter(({ measurement }) => measurement === 'aws_lambda')
  return [...new Set(objects.flatMap(({ tags: { name } }) => name ?? []))]
}

/** The one with the most points. */
function busiestOf(home: PolicyHome): string {
  const points = home.store.points.filter(({ measurement }) => measurement === 'aws_AWS/Lambda')
  const counts = namesOf(home).map((name) => ({
    name,
    count: points.filter(({ tags }) => tags['name'] === name).length,
  }))
  const [busiest] = counts.toSorted((one, other) => other.count - one.count)
  if (busiest === undefined) throw new Error('there is no function')
  return busiest.name
}

describe('why a function is asked for', () => {
  it('every time: it was active; once a day: it has been silent since it last woke', async () => {
    const home = await startHome(SLEEPY, { functions: 15 })
    await home.pollAll(START_MS, END_MS, {})
    const steady = await home.explain(END_MS, {}, busiestOf(home))
    expect(steady.get('asked for')).toBe('at every poll')
    const all = await Promise.all(namesOf(home).map(async (name) => home.explain(END_MS, {}, name)))
    const silent = all
      .flatMap((facts) => facts.get('asked for') ?? [])
      .filter((text) => text.startsWith('once'))
    expect(silent.length).toBeGreaterThan(0)
    expect(silent[0]).toMatch(/^once a day, and when it wakes: .* did anything up to 2026-11-10T03:5\d:00Z$/u)
  }, 60_000)

  it('rarely: it is of the idle tier', async () => {
    const home = await startHome(SLEEPY, { functions: 10 })
    const settings = { idle: { functions: ['*'], everyMin: 30 } }
    await home.pollAll(START_MS, START_MS + 15 * MINUTE_MS, settings)
    const facts = await home.explain(START_MS + 15 * MINUTE_MS, settings, busiestOf(home))
    expect(facts.get('asked for')).toBe('every 30 minutes, as all of the idle tier')
  }, 60_000)

  it('for a part of it only: the critical tier collects the rest', async () => {
    const home = await startHome(SLEEPY, { functions: 10 })
    const critical = { functions: ['*'] }
    await home.poll(START_MS, { critical })
    await home.poll(START_MS, { critical, tier: 'critical' })
    const name = busiestOf(home)
    const rest = await home.explain(START_MS, { critical }, name)
    expect(rest.get('not asked for here')).toBe('what the critical tier collects of it')
    expect(rest.get('metrics')).not.toContain('Invocations')
    const core = await home.explain(START_MS, { critical, tier: 'critical' }, name)
    expect(core.get('asked for')).toBe('at every run of the critical tier')
    expect(core.get('metrics')?.split(', ').toSorted()).toEqual([
      'Duration',
      'Errors',
      'Invocations',
      'Throttles',
    ])
  }, 60_000)
})
