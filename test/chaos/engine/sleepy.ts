import type { SinkTraits } from '../../../core/dff.ts'
import { makeRandom } from './random.ts'
import { BASE_MS, drawSteps, HOUR_MS, isCalm, MINUTE_MS, type PolicyName, type Scenario } from './scenario.ts'

/** Functions that sleep for hours between short bursts, and a few that never do; nothing comes hours late. */
export function drawSleepy(seed: number, policy: PolicyName): Scenario {
  const random = makeRandom(seed)
  const startMs = BASE_MS + random.whole(0, 1_440) * MINUTE_MS
  const wildEndMs = startMs + random.whole(10, 14) * HOUR_MS
  const rewrite = random.pick<SinkTraits['rewrite']>(['last', 'unknown'])
  const sink: SinkTraits = { rewrite, mergesFields: random.chance(0.5) }
  const burst = (name: string, everyMin: number, rest: object): object => ({
    name,
    share: 0.25,
    activity: { burstMin: random.whole(1, 6), everyMin },
    ...rest,
  })
  const fleet = {
    seed: random.whole(1, 1e6),
    functions: 8,
    regions: ['us-east-1'],
    now: new Date(startMs).toISOString(),
    late: { lateShare: 0 },
    listing: true,
    groups: [
      burst('cron', random.whole(300, 700), { timeoutSec: [3, 30] }),
      burst('rare', random.whole(500, 1_500), { timeoutSec: 900, medianMs: [20, 5_000], maxMs: 20_000 }),
      burst('batch', random.whole(240, 500), { timeoutSec: [60, 300], medianMs: [5_000, 40_000] }),
      { name: 'steady', share: 0.25, timeoutSec: [3, 30], perMin: [0.3, 4] },
    ],
  }
  const steps = drawSteps(random, startMs, wildEndMs)
  return {
    seed,
    policy,
    maxLatenessMin: random.pick([0, 5, 10, 15]),
    fleet,
    sink,
    receiver: { ...sink, rewrite: rewrite === 'unknown' ? 'last' : rewrite },
    regions: ['us-east-1'],
    steps,
    wildEndMs,
    firstCleanMs: steps.find(isCalm)?.atMs ?? wildEndMs,
  }
}

/** The same with nothing going wrong. */
export function calmed(scenario: Scenario): Scenario {
  return {
    ...scenario,
    steps: scenario.steps.map(({ atMs, owner }) => ({ atMs, owner, awsOffsetMs: 0, isDenied: false })),
  }
}
