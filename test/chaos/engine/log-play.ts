import type { LogsConfigs } from '../../../core/dff.ts'
import { CloudwatchLogsCollector } from '../../../scripts/guance_aws_cloudwatchlogs/main.ts'
import { Runner } from '../../../scripts/guance_integration/main.ts'
import { parseFleet } from '../../../simulator/fleet-file.ts'
import { startSimulator, type RunningSimulator } from '../../../simulator/server.ts'
import { deliver, NO_WAIT, sessionOf } from '../../scripts/aws-fixture.ts'
import { makeStore, type TestRun, type TestStore } from '../../scripts/run-context.ts'
import { makeKillableRun } from './play.ts'
import { makeRandom } from './random.ts'
import { BASE_MS, drawSteps, HOUR_MS, isCalm, MINUTE_MS, type Step } from './scenario.ts'
import type { SinkTraits } from '../../../core/dff.ts'

/** Everything that one seed decides of a play of logs. */
export interface LogScenario {
  readonly fleet: object
  readonly sink: SinkTraits
  readonly configs: LogsConfigs
  readonly steps: readonly Step[]
  readonly wildEndMs: number
  readonly firstCleanMs: number
}

/** What it leaves behind. */
export interface LogPlayed {
  readonly simulator: RunningSimulator
  readonly store: TestStore
  readonly runs: readonly TestRun[]
}

const REGION = 'us-east-1'
/** The latest of everything: the lateness, a poll, the looks at the idle. */
const TAIL_MS = HOUR_MS

/** Draws a fleet, what goes wrong, and a calm hour behind it. */
export function drawLogScenario(seed: number, rewrite: SinkTraits['rewrite']): LogScenario {
  const random = makeRandom(seed)
  const startMs = BASE_MS + random.whole(0, 1_440) * MINUTE_MS
  const wildEndMs = startMs + random.whole(60, 200) * MINUTE_MS
  const functions = random.whole(2, 6)
  const latenessMin = random.pick([5, 10])
  const fleet = {
    seed: random.whole(1, 1e6),
    functions,
    regions: [REGION],
    now: new Date(startMs).toISOString(),
    since: new Date(startMs - 2 * HOUR_MS).toISOString(),
    listing: true,
    logs: {
      lateShare: random.pick([0, 0.02, 0.2]),
      maxLateSec: latenessMin * 60 - 10,
      emptyShare: random.pick([0, 0.2, 0.6]),
      burstShare: random.pick([0, 0.02, 0.3]),
      burstLines: random.whole(2, 40),
      coldShare: random.pick([0, 0.1, 0.5]),
      jsonShare: random.pick([0, 0.5]),
      sharedShare: random.pick([0, 0.4]),
    },
    groups: [
      { name: 'steady', share: 0.5, timeoutSec: [3, 30], perMin: [0.3, 6] },
      {
        name: 'bursty',
        share: 0.5,
        timeoutSec: [60, 900],
        activity: { burstMin: random.whole(1, 20), everyMin: random.whole(30, 100) },
        medianMs: [20, 60_000],
      },
    ],
  }
  const wild = drawSteps(random, startMs, wildEndMs)
  const tail = Array.from({ length: TAIL_MS / (5 * MINUTE_MS) + 1 }, (_, index): Step => ({
    atMs: wildEndMs + index * 5 * MINUTE_MS,
    awsOffsetMs: 0,
    isDenied: false,
    owner: 'a',
  }))
  const steps = [...wild, ...tail]
  const firstCleanMs = steps.find(isCalm)?.atMs ?? wildEndMs
  // What is deleted before anybody listed it is known to nobody.
  const changes = random.chance(0.5)
    ? [
        { index: 0, kind: 'delete', atMs: firstCleanMs + random.whole(1, 60) * MINUTE_MS },
        { index: 1, kind: 'create', atMs: startMs + random.whole(-20, 60) * MINUTE_MS },
      ]
    : []
  const configs = { auto: { regions: [REGION as 'us-east-1'] }, maxLatenessMin: latenessMin }
  return {
    fleet: { ...fleet, changes },
    sink: { rewrite, mergesFields: false },
    configs,
    steps,
    wildEndMs,
    firstCleanMs,
  }
}

async function poll(played: LogPlayed, scenario: LogScenario, step: Step): Promise<TestRun> {
  const { simulator, store } = played
  simulator.control('clock', { nowMs: step.atMs + step.awsOffsetMs, frozen: true })
  simulator.control('chaos', step.chaos ?? { rate: 0 })
  simulator.control('denials', { actions: step.isDenied ? ['*'] : [] })
  const run = makeKillableRun(store, scenario, step, sessionOf(simulator))
  const before = store.points.length
  try {
    await Runner(CloudwatchLogsCollector({}, scenario.configs, NO_WAIT)).run(run)
  } catch (error) {
    if (isCalm({ ...step, awsOffsetMs: 0 })) throw error
  }
  await deliver(simulator.url, store.points.slice(before))
  return run
}

/** Plays a scenario; closes the simulator when it is disposed of. */
export async function playLogs(scenario: LogScenario): Promise<LogPlayed & AsyncDisposable> {
  const simulator = await startSimulator({ latencyMs: 0, ...parseFleet(scenario.fleet) })
  process.env['AWS_ENDPOINT_URL'] = simulator.url
  const store = makeStore()
  const runs: TestRun[] = []
  const played = { simulator, store, runs, [Symbol.asyncDispose]: async () => simulator.close() }
  try {
    // One poll after the other: time goes one way.
    for (const step of scenario.steps) runs.push(await poll(played, scenario, step))
    return played
  } catch (error) {
    await simulator.close()
    throw error
  }
}
