import type { LogsConfigs, Point, SinkTraits, Slice, Window } from '../../core/dff.ts'
import { CloudwatchLogsCollector } from '../../scripts/guance_aws_cloudwatchlogs/main.ts'
import { ID_BOUNDS, type IdBounds } from '../../scripts/guance_aws_cloudwatchlogs/pace.ts'
import { Runner } from '../../scripts/guance_integration/main.ts'
import type { SimulatorOptions } from '../../simulator/options.ts'
import { DEFAULT_LOGS, type LogOptions } from '../../simulator/truth/log-options.ts'
import { type Aws, deliver, NO_WAIT, startAws } from './aws-fixture.ts'
import { makeRun, makeStore, type TestRun, type TestStore } from './run-context.ts'

export const MINUTE_MS = 60_000
export const START_MS: number = Date.parse('2026-11-20T08:00:00Z')
const REGION = 'us-east-1'

export interface LogAudit {
  readonly expected: number
  readonly missing: number
  readonly duplicates: number
  readonly outside: number
  readonly samples: readonly string[]
}

/** One function's minute as the simulator's truth has it. */
export interface TrueMinute {
  readonly functionName: string
  readonly timeMs: number
  readonly invocations: number
  readonly coldStarts: number
  readonly errors: number
  readonly timeouts: number
  readonly outOfMemory: number
  readonly durationMsSum: number
  readonly durationMsMax: number
  readonly billedMsSum: number
  readonly maxMemoryMbMax: number
  readonly initMs: readonly number[]
}

/** A collector of logs in virtual time over a store in memory, and the simulated AWS that it reads. */
export class LogPoller implements AsyncDisposable {
  readonly aws: Aws
  readonly store: TestStore = makeStore()
  readonly runs: TestRun[] = []
  sink: SinkTraits = { rewrite: 'unknown', mergesFields: false }
  configs: LogsConfigs = { auto: { regions: [REGION] } }
  beforeCommit: (slice: Slice) => void = () => undefined
  elapsedMs: () => number = () => 0
  bounds: IdBounds = ID_BOUNDS
  signal: AbortSignal = new AbortController().signal
  #delivered = 0

  private constructor(aws: Aws) {
    this.aws = aws
  }

  static async start(
    options: Partial<Omit<SimulatorOptions, 'logs'>> & { readonly logs?: Partial<LogOptions> } = {},
  ): Promise<LogPoller> {
    const { logs = {}, ...rest } = options
    const aws = await startAws({
      functions: 12,
      regions: [REGION],
      nowMs: START_MS,
      sinceMs: START_MS - 120 * MINUTE_MS,
      logs: { ...DEFAULT_LOGS, ...logs },
      ...rest,
    })
    return new LogPoller(aws)
  }

  /** A run as of a time; what it commits is delivered, whatever became of it. */
  async poll(timeMs: number, backfill?: Window): Promise<TestRun> {
    this.aws.simulator.control('clock', { nowMs: timeMs, frozen: true })
    const { beforeCommit, elapsedMs, signal, sink } = this
    const base = { triggerTimeMs: timeMs, session: this.aws.session, sink, beforeCommit, elapsedMs, signal }
    const run = makeRun(this.store, backfill === undefined ? base : { ...base, backfill })
    this.runs.push(run)
    try {
      await Runner(CloudwatchLogsCollector({}, this.configs, NO_WAIT, this.bounds)).run(run)
    } finally {
      await this.#deliver()
    }
    return run
  }

  async #deliver(): Promise<void> {
    const fresh = this.store.points.slice(this.#delivered)
    this.#delivered = this.store.points.length
    await deliver(this.aws.simulator.url, fresh)
  }

  /** Every `everyMin` minutes, both ends included. */
  async pollAll(fromMs: number, toMs: number, everyMin = 5): Promise<void> {
    for (let timeMs = fromMs; timeMs <= toMs; timeMs += everyMin * MINUTE_MS) await this.poll(timeMs)
  }

  /** What the receiver holds against the truth of a time. */
  audit(startMs: number, endMs: number): LogAudit {
    const span = { regions: this.aws.simulator.info.regions, startMs, endMs }
    return this.aws.simulator.control('audit/logs', span) as LogAudit
  }

  truth(startMs: number, endMs: number): readonly TrueMinute[] {
    const path = `truth/reports?region=${REGION}&startMs=${startMs}&endMs=${endMs}`
    return (this.aws.simulator.control(path) as { minutes: readonly TrueMinute[] }).minutes
  }

  logs(): readonly Point[] {
    return this.store.points.filter(({ category }) => category === 'logging')
  }

  reports(): readonly Point[] {
    return this.store.points.filter(({ measurement }) => measurement === 'aws_lambda_report')
  }

  /** Codes of all problems but that of the simulated clock, which is days away from this machine's. */
  problems(): readonly string[] {
    const codes = this.runs.flatMap(({ problems }) => problems.map(({ code }) => code))
    return codes.filter((code) => code !== 'clock-skew')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.aws.close()
  }
}
