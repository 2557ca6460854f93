import { describe, expect, it } from 'vitest'
import { auditWild, unrecorded } from './judge.ts'
import { playedOf } from './play.ts'
import { drawScenario } from './scenario.ts'
import { drawSeeds } from './seeds.ts'

describe.each([
  ['unknown', 'everything', 90],
  ['unknown', 'mask', 20],
  ['unknown', 'probe', 20],
  ['both', 'everything', 15],
  ['both', 'mask', 5],
] as const)('a store that is %s with rewrites, under policy %s', (rewrite, policy, count) => {
  it.each(drawSeeds(count))(
    'gets each value once, and what differs is recorded, after seed %i',
    async (seed) => {
      const scenario = drawScenario(seed, rewrite, policy)
      await using played = await playedOf(scenario)
      const report = auditWild(played, scenario)
      const { expected, extra, rewrittenDifferently, duplicates } = report
      const unsaid = unrecorded(played, report)
      expect({ extra, rewrittenDifferently, duplicates, unsaid: unsaid.slice(0, 8) }).toEqual({
        extra: 0,
        rewrittenDifferently: 0,
        duplicates: 0,
        unsaid: [],
      })
      expect(expected).toBeGreaterThan(0)
    },
  )
})

describe('a store that keeps the larger value', () => {
  it.each(drawSeeds(15))('is right, or what it cannot take back is recorded, after seed %i', async (seed) => {
    const scenario = drawScenario(seed, 'max')
    await using played = await playedOf(scenario)
    const report = auditWild(played, scenario)
    const unsaid = unrecorded(played, report)
    expect({ extra: report.extra, unsaid: unsaid.slice(0, 8) }).toEqual({ extra: 0, unsaid: [] })
    expect(report.expected).toBeGreaterThan(0)
  })
})
