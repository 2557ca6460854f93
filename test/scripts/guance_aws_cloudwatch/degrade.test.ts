import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findCatalogue } from '../../../scripts/guance_aws_cloudwatch/catalogue.ts'
import {
  degrade,
  degradePolicy,
  estimate,
  isBeyondCap,
  isSkipped,
  LEVELS,
  nextLevel,
  type Pressure,
} from '../../../scripts/guance_aws_cloudwatch/degrade.ts'
import { groupByIdentity, type Identity } from '../../../scripts/guance_aws_cloudwatch/identity.ts'

const CATALOGUE = findCatalogue('AWS/Lambda')
const METRICS = Object.keys(CATALOGUE?.metrics ?? {})
const CORE = ['Duration', 'Errors', 'Invocations', 'Throttles']
const LAST = LEVELS.length - 1
const MINUTE_MS = 60_000
const NOW_MS = Date.UTC(2026, 10, 15)

function identities(metrics: readonly string[]): readonly Identity[] {
  const dimensions = [{ name: 'FunctionName', value: 'f' }]
  const wanted = metrics.map((metric) => ({
    series: { namespace: 'AWS/Lambda', metric, dimensions },
    statistics: ['Sum', 'Average'],
  }))
  return groupByIdentity(wanted, 'FunctionName')
}

function keptAt(level: number, metrics: readonly string[] = METRICS): readonly string[] {
  return degrade(identities(metrics), CATALOGUE, level)
    .flatMap(({ wanted }) => wanted.map(({ series }) => series.metric))
    .toSorted()
}

const NOTHING_SPENT = { month: 0, poll: 0, monthInAll: 0, pollInAll: 0 }

function pressure(rest: Partial<Pressure>): Pressure {
  return {
    limits: {},
    spent: NOTHING_SPENT,
    othersPerPoll: 0,
    estimate: { units: [100, 80, 80, 80, 40], idle: [0, 0, 0, 0, 0], series: [500, 300, 300, 300, 90] },
    intervalMs: 5 * MINUTE_MS,
    nowMs: NOW_MS,
    ...rest,
  }
}

const pressures = fc
  .record({
    perMonth: fc.option(fc.integer({ min: 1, max: 2_000_000 }), { nil: undefined }),
    perPoll: fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined }),
    perMonthInAll: fc.option(fc.integer({ min: 1, max: 2_000_000 }), { nil: undefined }),
    perPollInAll: fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined }),
    maxSeries: fc.option(fc.integer({ min: 1, max: 600 }), { nil: undefined }),
  })
  .chain((limits) =>
    fc
      .record({ month: fc.nat(2_000_000), others: fc.nat(1_000_000), day: fc.integer({ min: 1, max: 30 }) })
      .map(({ month, others, day }) =>
        pressure({
          limits,
          nowMs: Date.UTC(2026, 10, day),
          spent: { month, poll: 0, monthInAll: month + others, pollInAll: 0 },
        }),
      ),
  )

describe('what a short budget gives up', () => {
  it('goes in order, one step at a poll, whatever the limits', () => {
    fc.assert(
      fc.property(pressures, fc.integer({ min: 0, max: LAST }), (given, before) => {
        const level = nextLevel(before, given)
        expect(Math.abs(level - before)).toBeLessThanOrEqual(1)
        expect(level).toBeGreaterThanOrEqual(0)
        expect(level).toBeLessThanOrEqual(LAST)
      }),
    )
  })

  it('comes to rest: with nothing changing, no level is left again', () => {
    fc.assert(
      fc.property(pressures, fc.integer({ min: 0, max: LAST }), (given, before) => {
        let level = before
        for (let poll = 0; poll <= LAST; poll += 1) level = nextLevel(level, given)
        expect(nextLevel(level, given)).toBe(level)
      }),
    )
  })

  it('is metrics beyond the default ones first, and never the core', () => {
    fc.assert(
      fc.property(fc.subarray(METRICS), fc.integer({ min: 1, max: LAST }), (metrics, level) => {
        const core = CORE.filter((metric) => metrics.includes(metric))
        expect(keptAt(level, metrics)).toEqual(expect.arrayContaining(core))
        const before = keptAt(level - 1, metrics)
        expect(keptAt(level, metrics).every((metric) => before.includes(metric))).toBe(true)
      }),
    )
    const seed = METRICS.filter((metric) => CATALOGUE?.metrics[metric]?.seed === true)
    expect(keptAt(1)).toEqual(seed.toSorted())
    expect(keptAt(LAST)).toEqual(CORE)
  })

  it('is nothing of a namespace of which nobody knows what is beyond the default', () => {
    const kept = degrade(identities(['NumberOfMessagesSent']), findCatalogue('AWS/SQS'), LAST)
    expect(kept).toHaveLength(1)
  })

  it('is then how often is looked for who is silent, then how often everybody is polled', () => {
    const policy = { kind: 'everything', maxLatenessMs: 10 * MINUTE_MS } as const
    expect([1, 2].map((level) => degradePolicy(policy, level))).toEqual([
      policy,
      { kind: 'mask', maxLatenessMs: 30 * MINUTE_MS },
    ])
    const polls = Array.from({ length: 13 }, (_, index) => NOW_MS + index * 5 * MINUTE_MS)
    let lastMs = 0
    const made = polls.filter((nowMs) => {
      if (isSkipped(3, { nowMs, lastMs })) return false
      lastMs = nowMs
      return true
    })
    expect(made.map((timeMs) => (timeMs - NOW_MS) / MINUTE_MS)).toEqual([0, 30, 60])
    expect(polls.some((nowMs) => isSkipped(2, { nowMs, lastMs: nowMs - 1 }))).toBe(false)
  })

  it('costs less at every level, and is beyond the cap only when the core alone is', () => {
    const cost = estimate(identities(METRICS), CATALOGUE)
    for (const list of [cost.units, cost.series])
      expect([...list]).toEqual(list.toSorted((left, right) => right - left))
    expect(isBeyondCap({ limits: { maxSeries: 8 }, estimate: cost })).toBe(false)
    expect(isBeyondCap({ limits: { maxSeries: 7 }, estimate: cost })).toBe(true)
  })

  it('is given back only when a tenth of the limit would be left', () => {
    const at = (perPoll: number): number => nextLevel(1, pressure({ limits: { perPoll } }))
    expect([at(105), at(115)]).toEqual([1, 0])
  })

  it('looks at the rest of the month: the same budget is short on its first day and enough on its last', () => {
    const of = (day: number): number =>
      nextLevel(0, pressure({ limits: { perMonth: 100_000 }, nowMs: Date.UTC(2026, 10, day) }))
    expect([of(1), of(30)]).toEqual([1, 0])
  })

  it('counts the idle tier at its turns for a month, and whole for a poll', () => {
    const half = {
      units: [100, 80, 80, 80, 40],
      idle: [90, 72, 72, 72, 36],
      series: [500, 300, 300, 300, 90],
    }
    const of = (limits: Pressure['limits'], idleEveryMs?: number): number =>
      nextLevel(0, pressure({ limits, estimate: half, idleEveryMs }))
    // 4,608 polls are left: 460,800 metrics, or 10 a poll and 90 an hour, 80,640.
    expect([of({ perMonth: 400_000 }), of({ perMonth: 100_000 }, 60 * MINUTE_MS)]).toEqual([1, 0])
    expect(of({ perMonth: 80_000 }, 60 * MINUTE_MS)).toBe(1)
    expect(of({ perPoll: 99 }, 60 * MINUTE_MS)).toBe(1)
  })
})
