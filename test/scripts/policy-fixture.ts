import { onTestFinished } from 'vitest'
import type { CloudwatchConfigs, CostPlan, Problem, SinkTraits } from '../../core/dff.ts'
import { CloudwatchCollector } from '../../scripts/guance_aws_cloudwatch/main.ts'
import { LambdaCollector } from '../../scripts/guance_aws_lambda/main.ts'
import { Runner } from '../../scripts/guance_integration/main.ts'
import type { AuditReport } from '../../simulator/control/audit.ts'
import type { Counters } from '../../simulator/counters.ts'
import { parseFleet } from '../../simulator/fleet-file.ts'
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts'
import { deliver, NO_WAIT, SEED_METRICS, sessionOf } from './aws-fixture.ts'
import { makeRun, makeStore, type TestRun, type TestRunOptions, type TestStore } from './run-context.ts'

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const START_MS: number = Date.parse('2026-11-10T00:00:00Z')

type Settings = Partial<Omit<CloudwatchConfigs, 'regions'>>

/** The simulated clock is not this machine's, and is meant not to be. */
function withoutSkew({ problems }: TestRun): Problem[] {
  return problems.filter(({ code }) => code !== 'clock-skew')
}

/** A collector of one region in virtual time, before a simulated AWS that knows the truth. */
export class PolicyHome {
  readonly simulator: RunningSimulator
  readonly store: TestStore = makeStore()
  readonly sink: SinkTraits
  #delivered = 0

  constructor(simulator: RunningSimulator, sink: SinkTraits) {
    this.simulator = simulator
    this.sink = sink
  }

  #script(settings: Settings) {
    const regions: ['us-east-1'] = ['us-east-1']
    const configs = { regions, targets: [{ namespace: 'AWS/Lambda', metrics: SEED_METRICS }], ...settings }
    const objects =
      settings.tier === undefined ? [LambdaCollector({}, { regions }, { backoff: NO_WAIT })] : []
    return Runner([...objects, CloudwatchCollector({}, configs, NO_WAIT)])
  }

  runAt(
    atMs: number,
    options: Pick<TestRunOptions, 'backfill' | 'elapsedMs' | 'beforeCommit'> = {},
  ): TestRun {
    this.simulator.control('clock', { nowMs: atMs, frozen: true })
    const session = sessionOf(this.simulator)
    return makeRun(this.store, { triggerTimeMs: atMs, session, sink: this.sink, ...options })
  }

  /** One poll, and what it collected sent to the receiver; what failed it is in the record, as a host would have it. */
  async poll(
    atMs: number,
    settings: Settings,
    options: Parameters<PolicyHome['runAt']>[1] = {},
  ): Promise<TestRun & { readonly failure: unknown }> {
    const run = this.runAt(atMs, options)
    const failure: unknown = await this.#script(settings)
      .run(run)
      .then(
        () => undefined,
        (error: unknown) => error,
      )
    await deliver(this.simulator.url, this.store.points.slice(this.#delivered))
    this.#delivered = this.store.points.length
    return { ...run, problems: withoutSkew(run), failure }
  }

  async pollAll(fromMs: number, toMs: number, settings: Settings): Promise<void> {
    // One poll after the other: time goes one way.
    for (let atMs = fromMs; atMs < toMs; atMs += 5 * MINUTE_MS) await this.poll(atMs, settings)
  }

  async plan(atMs: number, settings: Settings): Promise<{ plan: CostPlan; run: TestRun }> {
    const run = this.runAt(atMs)
    const store = structuredClone(this.store)
    const planning = {
      ...run,
      load: async (key: string) => store.state.get(key),
      commit: async () => undefined,
    }
    const plan = await this.#script(settings).plan?.(planning, { intervalMs: 5 * MINUTE_MS })
    if (plan === undefined) throw new Error('the script has no plan')
    return { plan, run: { ...run, problems: withoutSkew(run) } }
  }

  /** What `dff why` shows of a function, by label. */
  async explain(atMs: number, settings: Settings, name: string): Promise<ReadonlyMap<string, string>> {
    const [first] = (await this.#script(settings).explain?.(this.runAt(atMs), { name })) ?? []
    return new Map(first?.facts.map(({ label, value }) => [label, value]))
  }

  counters(): Counters {
    return this.simulator.control('counters') as Counters
  }

  /** All metrics, or these. */
  audit(startMs: number, endMs: number, metrics?: readonly string[]): AuditReport {
    const question = { startMs, endMs, publications: true, ...(metrics === undefined ? {} : { metrics }) }
    return this.simulator.control('audit', question) as AuditReport
  }
}

/** A fleet of these groups, gone with the test. */
export async function startHome(
  groups: readonly object[],
  {
    functions,
    sink,
    changes = [],
    sinceHours = 24,
  }: {
    readonly functions: number
    readonly sink?: SinkTraits
    readonly changes?: readonly object[]
    readonly sinceHours?: number
  },
): Promise<PolicyHome> {
  const fleet = {
    seed: 5,
    functions,
    regions: ['us-east-1'],
    now: new Date(START_MS).toISOString(),
    // The two weeks that the first look at each function asks for would be most of a test's time.
    since: new Date(START_MS - sinceHours * HOUR_MS).toISOString(),
    late: { lateShare: 0 },
    listing: true,
    groups,
    changes,
  }
  const simulator = await startSimulator({ latencyMs: 0, ...parseFleet(fleet) })
  onTestFinished(async () => simulator.close())
  process.env['AWS_ENDPOINT_URL'] = simulator.url
  // A store that replaces lines is the stricter one: every line must come whole.
  const traits = sink ?? { rewrite: 'last', mergesFields: false }
  simulator.control('receiver', {
    ...traits,
    rewrite: traits.rewrite === 'unknown' ? 'last' : traits.rewrite,
  })
  return new PolicyHome(simulator, traits)
}

/** Functions that wake for two minutes in each so many hours, and one in five that never sleeps. */
export const SLEEPY: readonly object[] = [
  { name: 'steady', share: 0.2, perMin: [1, 4], timeoutSec: [3, 30] },
  {
    name: 'sleepy',
    share: 0.8,
    perMin: [2, 4],
    timeoutSec: [3, 30],
    activity: { burstMin: 2, everyMin: 1_440 },
  },
]

/** What a run was foreseen to be billed by a rule. */
export function billedBy({ predictions }: TestRun, rule: string): number {
  return predictions.reduce((sum, one) => sum + (one.rule === rule ? one.billedMetrics : 0), 0)
}

/** What a plan foresees, per poll, day or once. */
export function plannedBy({ metrics }: CostPlan, every: string): number {
  return metrics.reduce((sum, row) => sum + (row.every === every ? row.billedMetrics : 0), 0)
}
