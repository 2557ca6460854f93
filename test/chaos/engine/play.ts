import type { AccountSession, Slice } from '../../../core/dff.ts'
import { CloudwatchCollector } from '../../../scripts/guance_aws_cloudwatch/main.ts'
import { LambdaCollector } from '../../../scripts/guance_aws_lambda/main.ts'
import { Runner } from '../../../scripts/guance_integration/main.ts'
import { parseFleet } from '../../../simulator/fleet-file.ts'
import { type RunningSimulator, startSimulator } from '../../../simulator/server.ts'
import { deliver, NO_WAIT, SEED_METRICS, sessionOf } from '../../scripts/aws-fixture.ts'
import { makeRun, makeStore, type TestRun, type TestStore } from '../../scripts/run-context.ts'
import type { Scenario, Step, Stop } from './scenario.ts'

/** What a played scenario leaves behind. */
export interface Played {
  readonly simulator: RunningSimulator
  readonly store: TestStore
  readonly runs: readonly TestRun[]
  /** How many points the store had after each step. */
  readonly counts: readonly number[]
}

class Killed extends Error {}

/** Counts down to the moment at which the task dies. */
function makeFuse(stop: Stop | undefined, controller: AbortController) {
  let left = stop?.nth ?? Number.POSITIVE_INFINITY
  return (at: Stop['at']): void => {
    if (stop?.at !== at) return
    left -= 1
    if (left > 0) return
    controller.abort(new Killed())
    throw new Killed()
  }
}

/** A run over a store that dies where its step says. */
export function makeKillableRun(
  store: TestStore,
  scenario: Pick<Scenario, 'sink'>,
  step: Step,
  session: AccountSession,
): TestRun {
  const controller = new AbortController()
  const fuse = makeFuse(step.stop, controller)
  let commits = 0
  const beforeCommit = (_slice: Slice): void => {
    controller.signal.throwIfAborted()
    commits += 1
    if (commits === step.refusedCommit) throw new Error('the outbox is full')
    fuse('before-commit')
  }
  const run = makeRun(store, {
    triggerTimeMs: step.atMs,
    session,
    sink: scenario.sink,
    signal: controller.signal,
    beforeCommit,
  })
  return {
    ...run,
    meter: (usage) => {
      run.meter(usage)
      if (step.stop?.at === 'request') {
        try {
          fuse('request')
        } catch {
          // The signal ends the run; a throw here would look like a failed reply.
        }
      }
    },
    commit: async (slice) => {
      await run.commit(slice)
      fuse('after-commit')
    },
  }
}

async function poll(
  { simulator, store }: Pick<Played, 'simulator' | 'store'>,
  scenario: Scenario,
  step: Step,
): Promise<TestRun> {
  simulator.control('clock', { nowMs: step.atMs + step.awsOffsetMs, frozen: true })
  simulator.control('chaos', step.chaos ?? { rate: 0 })
  simulator.control('denials', { actions: step.isDenied ? ['*'] : [] })
  const run = makeKillableRun(store, scenario, step, sessionOf(simulator))
  const regions = scenario.regions as ['us-east-1']
  const account = { extra_tags: { owner: step.owner } }
  const script = Runner([
    LambdaCollector(account, { regions }, { backoff: NO_WAIT }),
    CloudwatchCollector(
      account,
      {
        regions,
        policy: scenario.policy,
        ...(scenario.maxLatenessMin === undefined ? {} : { maxLatenessMin: scenario.maxLatenessMin }),
        targets: [{ namespace: 'AWS/Lambda', metrics: SEED_METRICS }],
      },
      NO_WAIT,
    ),
  ])
  const before = store.points.length
  const isTroubled =
    step.chaos !== undefined || step.isDenied || step.stop !== undefined || step.refusedCommit !== undefined
  try {
    await script.run(run)
  } catch (error) {
    if (!isTroubled) throw error
  }
  simulator.control('denials', { actions: [] })
  await deliver(simulator.url, store.points.slice(before))
  return run
}

/** Plays a scenario from its first poll to the end of its tail; closes the simulator when it is disposed of. */
export async function playedOf(scenario: Scenario): Promise<Played & AsyncDisposable> {
  const simulator = await startSimulator({ latencyMs: 0, ...parseFleet(scenario.fleet) })
  process.env['AWS_ENDPOINT_URL'] = simulator.url
  simulator.control('receiver', scenario.receiver)
  const store = makeStore()
  const runs: TestRun[] = []
  const counts: number[] = []
  const played = { simulator, store, runs, counts, [Symbol.asyncDispose]: async () => simulator.close() }
  try {
    // One poll after the other: time goes one way.
    for (const step of scenario.steps) {
      runs.push(await poll(played, scenario, step))
      counts.push(store.points.length)
    }
    return played
  } catch (error) {
    await simulator.close()
    throw error
  }
}
