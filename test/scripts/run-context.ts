import type {
  AccountSession,
  Json,
  Point,
  Prediction,
  Problem,
  RunContext,
  SinkTraits,
  Slice,
  Usage,
  Window,
} from '../../core/dff.ts'

/** Keys of nobody, for runs whose AWS looks at no signature. */
export const SESSION: AccountSession = {
  accountId: '123456789012',
  arn: 'arn:aws:iam::123456789012:user/a',
  partition: 'aws',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'not-a-real-key',
}

/** A RunContext in memory: state and points survive from run to run as they would in a store. */
export interface TestStore {
  readonly state: Map<string, Json>
  readonly points: Point[]
  readonly commits: Slice[]
}

export function makeStore(): TestStore {
  return { state: new Map(), points: [], commits: [] }
}

export interface TestRun extends RunContext {
  readonly lines: string[]
  readonly problems: Problem[]
  readonly usage: Usage[]
  readonly predictions: Prediction[]
  /** Metered so far: requests by API and billed metrics. */
  totals(): { readonly requests: Readonly<Record<string, number>>; readonly billedMetrics: number }
}

export interface TestRunOptions {
  readonly triggerTimeMs: number
  readonly session: AccountSession | RunContext['credentials']
  readonly debug?: boolean
  readonly concurrency?: number
  readonly signal?: AbortSignal
  /** Default: nobody knows, as for a DataKit that nobody has tested. */
  readonly sink?: SinkTraits
  readonly backfill?: Window
  /** How long the run has taken whenever it asks; default: no time at all, of an hour. */
  readonly elapsedMs?: () => number
  readonly timeoutMs?: number
  /** Called before a commit takes effect; a throw refuses it whole. */
  readonly beforeCommit?: (slice: Slice) => void
}

function applySlice(store: TestStore, slice: Slice): void {
  // As over IPC: what the script changes afterwards must not reach the store.
  const copy = structuredClone(slice)
  store.commits.push(copy)
  for (const point of copy.points) store.points.push(point)
  for (const [key, value] of Object.entries(copy.state)) {
    if (value === null) store.state.delete(key)
    else store.state.set(key, value)
  }
}

/** One run over a store. */
export function makeRun(store: TestStore, options: TestRunOptions): TestRun {
  const lines: string[] = []
  const problems: Problem[] = []
  const usage: Usage[] = []
  const predictions: Prediction[] = []
  const { session, beforeCommit } = options
  return {
    taskId: 'test',
    triggerTimeMs: options.triggerTimeMs,
    debug: options.debug ?? false,
    signal: options.signal ?? new AbortController().signal,
    concurrency: options.concurrency ?? 5,
    timeoutMs: options.timeoutMs ?? 3_600_000,
    elapsedMs: options.elapsedMs ?? (() => 0),
    sink: options.sink ?? { rewrite: 'unknown', mergesFields: false },
    ...(options.backfill === undefined ? {} : { backfill: options.backfill }),
    lines,
    problems,
    usage,
    predictions,
    log: (text) => lines.push(text),
    report: (problem) => problems.push(problem),
    meter: (one) => usage.push(one),
    predict: (one) => predictions.push(one),
    credentials: async (...asked) => (typeof session === 'function' ? session(...asked) : session),
    load: async (key) => structuredClone(store.state.get(key)),
    commit: async (slice) => {
      beforeCommit?.(slice)
      if (options.debug !== true) applySlice(store, slice)
    },
    totals: () => {
      const requests: Record<string, number> = {}
      for (const one of usage) requests[one.api] = (requests[one.api] ?? 0) + one.requests
      return { requests, billedMetrics: usage.reduce((sum, one) => sum + one.billedMetrics, 0) }
    },
  }
}
