import { expect, onTestFinished } from 'vitest'
import type { CloudwatchConfigs, Json, Point, SinkTraits, Slice, Window } from '../../core/dff.ts'
import { CloudwatchCollector } from '../../scripts/guance_aws_cloudwatch/main.ts'
import {
  type GoneEntry,
  inventoryState,
  type InventoryEntry,
  Runner,
} from '../../scripts/guance_integration/main.ts'
import { NO_WAIT } from './aws-fixture.ts'
import { type LateAws, type LateFunction, type LateInvocation, startLateAws } from './late-aws.ts'
import { makeRun, makeStore, SESSION, type TestRun, type TestStore } from './run-context.ts'

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const START_MS: number = Date.parse('2026-11-20T00:00:00Z')

/** A collector in virtual time over a store that behaves as its sink says. */
export class Poller {
  readonly store: TestStore = makeStore()
  readonly runs: TestRun[] = []
  readonly #aws: LateAws
  /** What the connector says of its store; a test may change it, as who sets up another one does. */
  sink: SinkTraits
  /** Parameters beyond regions and targets; a test may change them between polls, as who edits the Startup script does. */
  configs: Omit<CloudwatchConfigs, 'regions' | 'targets'>
  /** What is collected; a test may change it between polls as well. */
  metrics: readonly string[] = ['Invocations', 'Throttles', 'Duration']
  /** How long a run has taken whenever it asks. */
  elapsedMs: () => number = () => 0
  /** Called before a commit takes effect; a throw refuses it whole. */
  beforeCommit: (slice: Slice) => void = () => undefined

  constructor(aws: LateAws, sink: SinkTraits, configs: Poller['configs'] = {}) {
    this.#aws = aws
    this.sink = sink
    this.configs = configs
  }

  runAt(timeMs: number, backfill?: Window): TestRun {
    const { elapsedMs, beforeCommit } = this
    const options = { triggerTimeMs: timeMs, session: SESSION, sink: this.sink, elapsedMs, beforeCommit }
    const run = makeRun(this.store, backfill === undefined ? options : { ...options, backfill })
    this.runs.push(run)
    return run
  }

  /** What the object collector would have listed. */
  async setFunctions(
    timeMs: number,
    entries: readonly InventoryEntry[],
    gone: readonly GoneEntry[] = [],
  ): Promise<void> {
    const run = makeRun(this.store, { triggerTimeMs: timeMs, session: SESSION })
    const key = { objectClass: 'aws_lambda', accountId: SESSION.accountId, region: 'us-east-1' }
    const state = await inventoryState(run, key, {
      listedAtMs: timeMs,
      pages: 1,
      sweep: { endedMs: timeMs },
      entries,
      aliases: {},
      gone,
    })
    await run.commit({ points: [], state })
  }

  get script() {
    const targets = [{ namespace: 'AWS/Lambda', metrics: [...this.metrics] }]
    const configs = {
      regions: ['us-east-1' as const],
      policy: 'everything' as const,
      targets,
      ...this.configs,
    }
    return Runner(CloudwatchCollector({}, configs, NO_WAIT))
  }

  async poll(timeMs: number, backfill?: Window): Promise<TestRun> {
    this.#aws.nowMs = timeMs
    const run = this.runAt(timeMs, backfill)
    await this.script.run(run)
    return run
  }

  /** Every five minutes, both ends included. */
  async pollAll(fromMs: number, toMs: number): Promise<void> {
    for (let timeMs = fromMs; timeMs <= toMs; timeMs += 5 * MINUTE_MS) await this.poll(timeMs)
  }

  async explain(timeMs: number, name: string) {
    return this.script.explain?.(this.runAt(timeMs), { name })
  }

  points(): readonly Point[] {
    return this.store.points.filter(({ category }) => category === 'metric')
  }

  /** Lines by function, as a query over the store would find them: by name and minute, whatever the other tags. */
  held(name: string): ReadonlyMap<number, Readonly<Record<string, number>>> {
    const lines = new Map<number, Record<string, number>>()
    for (const { tags, fields, timeMs } of this.points()) {
      if (tags['name'] !== name) continue
      const before = lines.get(timeMs)
      const next: Record<string, number> = this.sink.mergesFields ? { ...before } : {}
      for (const [field, value] of Object.entries(fields)) {
        const old = before?.[field] ?? Number.NEGATIVE_INFINITY
        next[field] = this.sink.rewrite === 'max' ? Math.max(old, Number(value)) : Number(value)
      }
      lines.set(timeMs, next)
    }
    return lines
  }

  problems(code: string): readonly string[] {
    return this.runs.flatMap((run) =>
      run.problems.filter((problem) => problem.code === code).map(({ message }) => message),
    )
  }

  stateBytes(prefix: string): number {
    const values: Json[] = [...this.store.state].flatMap(([key, value]) =>
      key.startsWith(prefix) ? [value] : [],
    )
    return values.reduce<number>((sum, value) => sum + JSON.stringify(value).length, 0)
  }
}

/** A CloudWatch of these functions and a collector for a store of this kind; gone with the test. */
export async function startPolling(
  functions: LateFunction[],
  sink: SinkTraits,
  configs: Poller['configs'] = {},
): Promise<{ readonly late: LateAws; readonly poller: Poller }> {
  const late = await startLateAws(functions)
  onTestFinished(async () => late.close())
  return { late, poller: new Poller(late, sink, configs) }
}

/** An invocation every `everyMin` minutes, as long and as late as said. */
export function invoke(
  [fromMs, toMs]: readonly [number, number],
  everyMin: number,
  { durationMs = 200, delayMs = 90_000 }: Partial<LateInvocation> = {},
): readonly LateInvocation[] {
  const count = Math.ceil((toMs - fromMs) / (everyMin * MINUTE_MS))
  return Array.from({ length: count }, (_, index) => ({
    startMs: fromMs + index * everyMin * MINUTE_MS + 10_000,
    durationMs,
    delayMs,
  }))
}

/** What AWS shows of a function at `atMs`, for the minutes of a window. */
export function truthOf(
  late: LateAws,
  name: string,
  { fromMs, toMs, atMs = toMs + 40 * HOUR_MS }: { fromMs: number; toMs: number; atMs?: number },
): ReadonlyMap<number, Readonly<Record<string, number>>> {
  const lines = new Map<number, Readonly<Record<string, number>>>()
  for (let minute = fromMs; minute < toMs; minute += MINUTE_MS) {
    const line = late.lineAt(name, minute, atMs)
    if (line !== undefined) lines.set(minute, line)
  }
  return lines
}

/** Lines of a window. */
export function within<T>(
  lines: ReadonlyMap<number, T>,
  fromMs: number,
  toMs: number,
): ReadonlyMap<number, T> {
  return new Map([...lines].filter(([timeMs]) => timeMs >= fromMs && timeMs < toMs))
}

/** That no line was written twice. */
export function expectOnce(poller: Poller): void {
  const keys = poller.points().map(({ tags, timeMs }) => `${tags['name']} ${timeMs}`)
  expect(new Set(keys).size).toBe(keys.length)
}

/** Runs up to 15 minutes long among short ones, so that minutes grow long after they began. */
export function mixed(fromMs: number, toMs: number): LateFunction[] {
  const span = [fromMs, toMs] as const
  return [
    { name: 'short', invocations: invoke(span, 1) },
    {
      name: 'long',
      invocations: [...invoke(span, 1), ...invoke(span, 17, { durationMs: 14 * MINUTE_MS })],
    },
    {
      name: 'straggling',
      invocations: [...invoke(span, 3), ...invoke(span, 61, { delayMs: 3 * HOUR_MS })],
    },
  ]
}

/** What the object collector lists of them. */
export const FUNCTIONS: readonly InventoryEntry[] = [
  { name: 'short', tags: { Runtime: 'nodejs24.x' }, timeoutSec: 3 },
  { name: 'long', tags: { Runtime: 'nodejs24.x' }, timeoutSec: 900 },
  { name: 'straggling', tags: { Runtime: 'nodejs24.x' }, timeoutSec: 10 },
]
/** Older than any first look at START_MS. */
export const SINCE_MS: number = START_MS - 3 * HOUR_MS

export const LAST: SinkTraits = { rewrite: 'last', mergesFields: false }
export const MAX: SinkTraits = { rewrite: 'max', mergesFields: false }
export const UNKNOWN: SinkTraits = { rewrite: 'unknown', mergesFields: false }
export const BOTH: SinkTraits = { rewrite: 'both', mergesFields: false }
export const MERGING: SinkTraits = { rewrite: 'unknown', mergesFields: true }
