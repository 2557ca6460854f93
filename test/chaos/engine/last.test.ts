import { describe, expect, it } from 'vitest'
import { auditWild } from './judge.ts'
import { playedOf } from './play.ts'
import { drawScenario } from './scenario.ts'
import { drawSeeds } from './seeds.ts'

describe.each([
  ['everything', 110],
  ['mask', 25],
  ['probe', 25],
] as const)('a store that keeps the last value, under policy %s', (policy, count) => {
  it.each(drawSeeds(count))('holds the truth 31 hours after seed %i', async (seed) => {
    const scenario = drawScenario(seed, 'last', policy)
    await using played = await playedOf(scenario)
    const { expected, missing, wrong, extra, valueError, samples } = auditWild(played, scenario)
    expect({ missing, wrong, extra, valueError, samples: samples.slice(0, 8) }).toEqual({
      missing: 0,
      wrong: 0,
      extra: 0,
      valueError: 0,
      samples: [],
    })
    expect(expected).toBeGreaterThan(0)
  })
})
