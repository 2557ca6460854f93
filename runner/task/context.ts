import { inspect } from 'node:util'
import { DffError } from '../../core/error.ts'
import type { Json } from '../../core/json.ts'
import type { Point } from '../../core/point.ts'
import type {
  AccountSession,
  Prediction,
  Problem,
  RunContext,
  SinkTraits,
  Slice,
  Usage,
} from '../../core/script.ts'
import { encodeLine } from '../line-protocol/encode.ts'
import { encodeBatches } from '../outbox/encode-batch.ts'
import type { HostLink } from './host-link.ts'
import type { GrowingMask, Mask } from './mask.ts'
import type { StartMessage } from './ipc.ts'

/** Enough to see what a commit would have written, little enough to read. */
const SAMPLE_LINES = 5

/** Longer texts of a problem are provider essays; the record shows one line each. */
const MAX_PROBLEM_TEXT = 2_000

/** Longer than any API, account, region or rule; the host refuses a name beyond its bound. */
const MAX_NAME = 200

/** The value as JSON holds it: undefined members gone, dates as text; throws naming the place for what JSON cannot hold. */
export function toJson(value: unknown, place: string): Json {
  try {
    return value === undefined ? null : (JSON.parse(JSON.stringify(value) ?? 'null') as Json)
  } catch (error) {
    throw new DffError(
      {
        code: 'TASK_FAILED',
        place,
        expected: 'a value that JSON can hold',
        got: error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : String(error),
        remedy: 'Return or store plain objects, lists, texts and numbers.',
      },
      { cause: error },
    )
  }
}

/** Scripts are not type-checked when they run: what should be a text may be anything. Masked before it is cut. */
function cutText(value: unknown, maxLength: number, mask: Mask): string {
  return mask(typeof value === 'string' ? value : inspect(value)).slice(0, maxLength)
}

function toCount(value: unknown): number {
  return Math.max(0, Math.trunc(Number(value))) || 0
}

function writeLog(text: unknown): void {
  process.stdout.write(`${typeof text === 'string' ? text : inspect(text)}\n`)
}

function cleanProblem({ code, severity, scope, message, action }: Problem, mask: Mask): Problem {
  const cut = (value: unknown): string => cutText(value, MAX_PROBLEM_TEXT, mask)
  const problem: Problem = {
    code: cut(code),
    severity: severity === 'error' ? 'error' : 'warning',
    scope: cut(scope),
    message: cut(message),
  }
  return action === undefined ? problem : { ...problem, action: cut(action) }
}

function cleanUsage({ api, requests, billedMetrics, accountId, region }: Usage, mask: Mask): Usage {
  return {
    api: cutText(api, MAX_NAME, mask),
    requests: toCount(requests),
    billedMetrics: toCount(billedMetrics),
    ...(accountId === undefined ? {} : { accountId: cutText(accountId, MAX_NAME, mask) }),
    ...(region === undefined ? {} : { region: cutText(region, MAX_NAME, mask) }),
  }
}

function cleanPrediction(prediction: Prediction, mask: Mask): Prediction {
  return { ...cleanUsage(prediction, mask), rule: cutText(prediction.rule, MAX_NAME, mask) }
}

function unwritable(points: number): Problem {
  return {
    code: 'points-unwritable',
    severity: 'warning',
    scope: 'commit',
    message: `${points} points had no field that can be written (a number that is not finite, or a value of another type) and were left out.`,
  }
}

function countByCategory(points: readonly Point[]): string {
  const counts = Map.groupBy(points, (point) => point.category)
  return [...counts].map(([category, group]) => `${group.length} ${category}`).join(', ') || 'no'
}

/** What a commit does when nothing may be written: it says what it would have done, and keeps state for this run. */
function createRehearsal(): {
  readonly state: ReadonlyMap<string, Json>
  commit(slice: Slice): void
} {
  const state = new Map<string, Json>()
  return {
    state,
    commit(slice) {
      const values = toJson(slice.state, 'commit') as Readonly<Record<string, Json>> // a slice's state is a record
      for (const [key, value] of Object.entries(values)) state.set(key, value)
      const keys = Object.keys(values)
      writeLog(`debug: would write ${countByCategory(slice.points)} points and ${keys.length} state keys`)
      for (const point of slice.points.slice(0, SAMPLE_LINES)) {
        writeLog(`debug:   ${encodeLine(point) ?? 'a point without a field that can be written'}`)
      }
      if (slice.points.length > SAMPLE_LINES) {
        writeLog(`debug:   … and ${slice.points.length - SAMPLE_LINES} more`)
      }
    },
  }
}

type Writing = Pick<RunContext, 'load' | 'commit'>

/** State and points of a real run: both live in the host, so a read sees every acknowledged commit. */
function createWriting(link: HostLink): Writing {
  return {
    load: async (key) => (await link.request({ kind: 'load', key })) as Json | undefined, // by the kind of request
    async commit(slice) {
      const state = toJson(slice.state, 'commit') as Readonly<Record<string, Json>> // a slice's state is a record
      const batches = encodeBatches(slice.points)
      const left = slice.points.length - batches.reduce((sum, batch) => sum + batch.points, 0)
      if (left > 0) link.send({ kind: 'problem', problem: unwritable(left) })
      await link.request({ kind: 'commit', batches, state })
    },
  }
}

function createRehearsalWriting(link: HostLink): Writing {
  const rehearsal = createRehearsal()
  const { load } = createWriting(link)
  return {
    async load(key) {
      const own = rehearsal.state.get(key)
      return own === undefined ? load(key) : (own ?? undefined)
    },
    async commit(slice) {
      rehearsal.commit(slice)
    },
  }
}

/** The script's view of its host, made when its function is called. Only mode `run` without debug writes anything. */
export function createContext(
  start: StartMessage,
  sink: SinkTraits,
  {
    link,
    secrets,
    timeoutMs,
  }: { readonly link: HostLink; readonly secrets: GrowingMask; readonly timeoutMs: number },
): RunContext {
  const calledAtMs = performance.now()
  const isDebug = start.isDebug || start.mode !== 'run'
  return {
    taskId: start.taskId,
    triggerTimeMs: start.triggerTimeMs,
    debug: isDebug,
    signal: link.signal,
    timeoutMs,
    elapsedMs: () => performance.now() - calledAtMs,
    concurrency: start.concurrency,
    sink,
    ...(start.backfill === null ? {} : { backfill: start.backfill }),
    log: writeLog,
    report: (problem) => link.send({ kind: 'problem', problem: cleanProblem(problem, secrets.refresh()) }),
    meter: (usage) => link.send({ kind: 'usage', usage: cleanUsage(usage, secrets.mask) }),
    predict: (prediction) =>
      link.send({ kind: 'predicted', prediction: cleanPrediction(prediction, secrets.mask) }),
    async credentials(account, refusedKeyId) {
      const refused = refusedKeyId === undefined ? {} : { refusedKeyId }
      const session = (await link.request({ kind: 'credentials', account, ...refused })) as AccountSession // by the kind of request
      secrets.learn([session.secretAccessKey, session.sessionToken])
      return session
    },
    ...(isDebug ? createRehearsalWriting(link) : createWriting(link)),
  }
}
