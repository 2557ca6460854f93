import { describe, expect, it } from 'vitest'
import { DffError, type Slice } from '../../core/dff.ts'
import { COMPLETE, SEED_METRICS } from '../scripts/aws-fixture.ts'
import { HOUR_MS, MINUTE_MS, type PolicyHome, START_MS, startHome } from '../scripts/policy-fixture.ts'

/** One burst in four days each, at another time, beside one in five that never sleeps. */
const RARE: readonly object[] = [
  { name: 'steady', share: 0.2, perMin: [1, 4], timeoutSec: [3, 30] },
  {
    name: 'rare',
    share: 0.8,
    perMin: [2, 4],
    timeoutSec: [3, 30],
    activity: { burstMin: 5, everyMin: 5_760 },
  },
]

/** Polls every half hour, from and to hours after the start. */
async function pollHours(home: PolicyHome, fromHour: number, toHour: number): Promise<void> {
  for (let atMs = START_MS + fromHour * HOUR_MS; atMs < START_MS + toHour * HOUR_MS; atMs += 30 * MINUTE_MS)
    // One poll after the other: time goes one way.
    await home.poll(atMs, { policy: 'mask' })
}

describe('a sleeper', () => {
  it.each([
    ['one metric', ['Duration']],
    [
      'everything that it reports',
      SEED_METRICS.filter((metric) => metric !== 'UnreservedConcurrentExecutions'),
    ],
  ] as const)(
    'of whom %s was Forbidden for two days is collected within a day of its being allowed',
    async (_, metrics) => {
      const home = await startHome(RARE, { functions: 20 })
      await pollHours(home, 0, 2)
      home.simulator.control('denials', { metrics, actions: ['cloudwatch:GetMetricData'] })
      await pollHours(home, 2, 50)
      home.simulator.control('denials', { actions: [] })
      await pollHours(home, 50, 76)
      expect(home.audit(START_MS - 3 * HOUR_MS, START_MS + 75 * HOUR_MS)).toMatchObject(COMPLETE)
    },
    300_000,
  )

  it('that worked before AWS listed it is collected at once, however long that was', async () => {
    const changes = Array.from({ length: 16 }, (_, index) => ({ index, kind: 'create', afterMin: 60 }))
    const home = await startHome(RARE, { functions: 20, changes })
    await pollHours(home, 0, 1)
    home.simulator.control('denials', { actions: ['cloudwatch:ListMetrics'] })
    await pollHours(home, 1, 22)
    home.simulator.control('denials', { actions: [] })
    await pollHours(home, 22, 23)
    expect(home.audit(START_MS - 3 * HOUR_MS, START_MS + 21 * HOUR_MS)).toMatchObject(COMPLETE)
  }, 120_000)
})

describe('state that is full before there is a mask', () => {
  it('costs no point: everybody is asked instead, and that is said', async () => {
    const home = await startHome(RARE, { functions: 20 })
    const full = new DffError({
      code: 'STATE_FULL',
      place: 'state',
      expected: 'room',
      got: 'none',
      remedy: 'Nothing was written.',
    })
    const beforeCommit = ({ state }: Slice): void => {
      if (Object.keys(state).some((key) => key.startsWith('mask/'))) throw full
    }
    const codes: string[] = []
    for (let poll = 0; poll < 6; poll += 1) {
      const run = await home.poll(START_MS + poll * 30 * MINUTE_MS, { policy: 'mask' }, { beforeCommit })
      expect(run.failure).toBeUndefined()
      codes.push(...run.problems.map(({ code }) => code))
    }
    expect(new Set(codes)).toEqual(new Set(['state-full']))
    expect(home.audit(START_MS - 3 * HOUR_MS, START_MS + 2 * HOUR_MS)).toMatchObject(COMPLETE)
  }, 60_000)
})
