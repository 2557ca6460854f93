import { describe, expect, it } from 'vitest'
import { auditWild, unrecorded } from './judge.ts'
import { play } from './play.ts'
import { drawScenario } from './scenario.ts'

const FROM = Number(process.env['ENGINE_FROM'] ?? 1)
const COUNT = Number(process.env['ENGINE_COUNT'] ?? 10)
const seeds = Array.from({ length: COUNT }, (_, index) => FROM + index)
const KIND = process.env['ENGINE_KIND']

describe.runIf(KIND === undefined || KIND === 'last')('a store that keeps the last value', () => {
  it.each(seeds)('holds the truth after seed %i', async (seed) => {
    const scenario = drawScenario(seed, 'last')
    const played = await play(scenario)
    try {
      const { missing, wrong, extra, samples, expected } = auditWild(played, scenario)
      expect({ missing, wrong, extra, samples: samples.slice(0, 8) }).toEqual({
        missing: 0,
        wrong: 0,
        extra: 0,
        samples: [],
      })
      expect(expected).toBeGreaterThan(0)
    } finally {
      await played.simulator.close()
    }
  })
})
describe.each(['unknown', 'both', 'max'] as const)('a store of which is known: %s', (rewrite) => {
  it.runIf(KIND === undefined || KIND === rewrite).each(seeds)(
    'is right or says where it is not after seed %i',
    async (seed) => {
      const scenario = drawScenario(seed, rewrite)
      const played = await play(scenario)
      try {
        const report = auditWild(played, scenario)
        const { rewrittenDifferently, duplicates, extra } = report
        if (rewrite !== 'max')
          expect({ rewrittenDifferently, duplicates }).toEqual({ rewrittenDifferently: 0, duplicates: 0 })
        const bad = unrecorded(played, report)
        expect({ extra, bad: bad.length, samples: bad.slice(0, 8) }).toEqual({
          extra: 0,
          bad: 0,
          samples: [],
        })
        console.log(seed, JSON.stringify({ ...report, samples: [] }))
      } finally {
        await played.simulator.close()
      }
    },
  )
})
