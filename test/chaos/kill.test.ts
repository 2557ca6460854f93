import { describe, expect, inject, it } from 'vitest'
import { runKills } from './kill-run.ts'

/** By hand as many as one likes: npm run test:chaos -- --kills 200 */
const KILLS = inject('length') === 'long' ? 200 : 60
const SEED = 20_261

describe('a host that is killed again and again while it collects and delivers', () => {
  it('loses nothing, changes nothing, and leaves at most one batch unknown a kill, which comes again byte for byte', async () => {
    const { report, audit, sink, restartMaxSeconds, host, child } = await runKills({
      kills: KILLS,
      seed: SEED,
    })
    console.log(JSON.stringify({ ...report, host, child, restartMaxSeconds, sink }))
    expect(audit).toMatchObject({ missing: 0, wrong: 0, extra: 0, samples: [], rewrittenDifferently: 0 })
    expect(report.expected).toBeGreaterThan(50_000)
    expect(sink).toMatchObject({ duplicatesDiffering: 0, publishedAgain: 0, outOfOrder: 0 })
    expect(sink.mostPerKill).toBeLessThanOrEqual(1)
    // Otherwise no kill fell where it hurts, and the line above would say nothing.
    expect(report.ambiguousBatches).toBeGreaterThan(0)
    expect(Math.min(host, child)).toBeGreaterThan(KILLS / 10)
    expect(sink.failed / sink.requests).toBeGreaterThan(0.15)
    expect(report.takeoverP95Seconds).toBeLessThan(15)
    expect(restartMaxSeconds).toBeLessThan(5)
  })
})
