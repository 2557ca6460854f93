/**
 * One task from its claimed lease to its record: keeps the lease alive, runs the Startup script in a process of its
 * own, answers what that process asks, and writes record and log.
 */
import { coerceError, DffError } from '../core/error.ts'
import type { Problem, Question, SinkTraits, Usage } from '../core/script.ts'
import { SECOND_MS } from '../core/time.ts'
import type { Window } from '../core/window.ts'
import { DEFAULT_CONNECTOR_ID } from './connector/registry.ts'
import { sinkTraits } from './connector/traits.ts'
import type { HostParts } from './host-parts.ts'
import type { ApiFunctionInfo, LogLine, TaskResources } from './host-api.ts'
import { declaredTriggers } from './deploy/functions.ts'
import { finishWhenPossible } from './finish.ts'
import { readStartTicks } from './orphan.ts'
import type { Lease, NewTask, TaskEnd } from './store/store.ts'
import { type AnswerContext, answerRequest } from './task-answers.ts'
import type { TaskScope } from './task-scope.ts'
import type { StartMessage, TaskMode, TaskValue } from './task/ipc.ts'
import type { ChildOutcome } from './task/outcome.ts'
import { runChild } from './task/run-child.ts'

/** How long a lease outlives its last heartbeat; six missed ones mean that the process is gone or stuck. */
export const LEASE_MS = 30 * SECOND_MS
const HEARTBEAT_MS = 5 * SECOND_MS

export interface Execution {
  readonly task: Pick<NewTask, 'id' | 'funcId' | 'triggerTimeMs' | 'isDebug'>
  readonly scope: TaskScope
  readonly lease: Lease
  readonly connectorId: string
  /** By hand: this window again, instead of what is due. */
  readonly backfill: Window | null
  readonly signal: AbortSignal
  readonly onLines: (lines: readonly LogLine[]) => void
}

/** Renews the lease until stopped; calls `onLost` when somebody else has it. */
function keepLease(parts: HostParts, lease: Lease, onLost: () => void): () => void {
  const renew = async (): Promise<void> => {
    try {
      if (!(await parts.store.queue.heartbeat(lease, Date.now() + LEASE_MS))) onLost()
    } catch (error) {
      // A full or locked disk passes; until then the lease lasts for several more attempts.
      parts.note(coerceError(error, `lease of task ${lease.taskId}`).message)
    }
  }
  const timer = setInterval(() => void renew(), HEARTBEAT_MS)
  return () => clearInterval(timer)
}

/** Appends log lines in order and numbers them; one write at a time. */
class TaskLog {
  readonly #parts: HostParts
  readonly #execution: Execution
  #sequence = 0
  #lost = 0
  #lossReason = ''
  #written: Promise<void> = Promise.resolve()

  constructor(parts: HostParts, execution: Execution) {
    this.#parts = parts
    this.#execution = execution
  }

  add(lines: readonly Pick<LogLine, 'timeMs' | 'text'>[]): void {
    const numbered = lines.map((line) => {
      this.#sequence += 1
      return {
        taskId: this.#execution.task.id,
        sequence: this.#sequence,
        timeMs: line.timeMs,
        text: line.text,
      }
    })
    this.#written = this.#written.then(() => this.#append(numbered))
    this.#execution.onLines(numbered)
  }

  /** Waits until every line is written or lost; tells what of the log is missing. */
  async flush(): Promise<Problem[]> {
    await this.#written
    if (this.#lost === 0) return []
    const message = `${this.#lost} lines of the log could not be written: ${this.#lossReason}`
    return [{ code: 'log-incomplete', severity: 'warning', scope: 'log', message }]
  }

  /** A full or locked disk passes: what comes later is worth writing although these lines are lost. */
  async #append(lines: readonly LogLine[]): Promise<void> {
    try {
      await this.#parts.store.records.appendLog(lines)
    } catch (error) {
      this.#lost += lines.length
      this.#lossReason = coerceError(error, 'log').message
    }
  }
}

/** The functions as they are now: a Startup script may have been edited since it was deployed. */
async function rememberFunctions(
  parts: HostParts,
  scope: TaskScope,
  functions: readonly ApiFunctionInfo[],
): Promise<void> {
  const script = await parts.store.scripts.get(scope.scriptId)
  if (script === undefined) return
  await parts.store.scripts.put({ ...script, functions }, declaredTriggers(scope.setId, functions))
  // Not awaited: a pass of the scheduler may be waiting for this very task to be enqueued.
  void parts.scheduler.refresh()
}

/** What a task said of itself while it ran. */
interface Findings {
  readonly problems: Problem[]
  /** By API: a call adds to its entry, so that a record does not grow with the number of calls. */
  readonly usage: Map<string, Usage>
  resources: TaskResources | null
}

function addUsage(usage: Map<string, Usage>, { api, requests, billedMetrics }: Usage): void {
  const before = usage.get(api) ?? { requests: 0, billedMetrics: 0 }
  usage.set(api, {
    api,
    requests: before.requests + requests,
    billedMetrics: before.billedMetrics + billedMetrics,
  })
}

function toEnd(outcome: ChildOutcome, { problems, usage, resources }: Findings): TaskEnd {
  const common = { endTimeMs: Date.now(), problems, usage: [...usage.values()], resources }
  if (outcome.kind === 'done') {
    const returnValue = outcome.value.mode === 'run' ? outcome.value.returnValue : null
    return { ...common, status: 'success', exceptionType: null, exceptionText: null, returnValue }
  }
  return {
    ...common,
    status: outcome.kind === 'timeout' ? 'timeout' : 'failure',
    exceptionType: outcome.exceptionType,
    exceptionText: new DffError(outcome.error).message,
    returnValue: null,
  }
}

interface Concurrency {
  readonly requests: number
  /** For the task log: what is wrong with the setting. */
  readonly note?: string
}

/** Upstream's default. */
const DEFAULT_CONCURRENCY = 5

/** `COLLECTOR_THREAD_POOL_SIZE`, upstream's name for requests in flight per account and region. */
function readConcurrency(): Concurrency {
  const text = process.env['COLLECTOR_THREAD_POOL_SIZE']?.trim() ?? ''
  if (text === '') return { requests: DEFAULT_CONCURRENCY }
  const given = Number(text)
  if (Number.isInteger(given) && given > 0) return { requests: given }
  const note = `COLLECTOR_THREAD_POOL_SIZE: expected a whole number from 1 up, got ${JSON.stringify(text.slice(0, 40))}; ${DEFAULT_CONCURRENCY} is used.`
  return { requests: DEFAULT_CONCURRENCY, note }
}

async function readTraits({ connectors }: HostParts, connectorId: string): Promise<SinkTraits> {
  return sinkTraits((await connectors.resolve(connectorId)).config)
}

function startOf(
  execution: Execution,
  { concurrency, sink }: { readonly concurrency: number; readonly sink: SinkTraits },
): Omit<StartMessage, 'kind'> {
  const { task, scope } = execution
  return {
    mode: 'run',
    taskId: task.id,
    scriptId: scope.scriptId,
    scriptPath: scope.scriptPath,
    exportName: task.funcId.slice(scope.scriptId.length + 1),
    triggerTimeMs: task.triggerTimeMs,
    isDebug: task.isDebug,
    concurrency,
    sink,
    backfill: execution.backfill,
    question: null,
    sets: scope.sets,
  }
}

/** Every value that a log must not show: the stored ones as of now, and what the broker got since. */
async function listSecrets(parts: HostParts): Promise<() => readonly string[]> {
  const stored = await parts.vault.values()
  return () => [...stored, ...parts.broker.secretsInUse()]
}

function answerContext(
  parts: HostParts,
  scriptId: string,
  target: Pick<AnswerContext, 'connectorId' | 'lease'>,
): AnswerContext {
  return {
    ...target,
    store: parts.store,
    scriptId,
    credentials: (account) => parts.broker.session(scriptId, account),
    onCommitted: () => parts.sender.wake(),
  }
}

/** Runs a claimed task to its record. Whatever goes wrong with the task is in the record; rejects only without a store. */
export async function executeTask(parts: HostParts, execution: Execution): Promise<void> {
  const { task, scope, lease } = execution
  const log = new TaskLog(parts, execution)
  const found: Findings = { problems: [], usage: new Map(), resources: null }
  const lost = new AbortController()
  let remembered: Promise<void> = Promise.resolve()
  const { requests, note } = readConcurrency()
  if (note !== undefined) log.add([{ timeMs: Date.now(), text: note }])
  const stopHeartbeat = keepLease(parts, lease, () => lost.abort())
  const context = answerContext(parts, scope.scriptId, {
    connectorId: execution.connectorId,
    lease: task.isDebug ? null : lease,
  })
  try {
    const outcome = await runChild({
      start: startOf(execution, {
        concurrency: requests,
        sink: await readTraits(parts, execution.connectorId),
      }),
      signal: AbortSignal.any([execution.signal, lost.signal]),
      secretsInUse: await listSecrets(parts),
      onSpawned: (pid) => parts.store.queue.recordChild(lease, pid, readStartTicks(pid)),
      onLoaded: (functions) => {
        declaredTriggers(scope.setId, functions)
        // A debug run writes nothing.
        if (task.isDebug) return
        remembered = rememberFunctions(parts, scope, functions)
        remembered.catch(() => undefined)
      },
      onRequest: (body) => answerRequest(context, body),
      onProblem: (problem) => found.problems.push(problem),
      onUsage: (used) => addUsage(found.usage, used),
      onResources: (resources) => {
        found.resources = resources
      },
      onLines: (lines) => log.add(lines),
    })
    await remembered.catch(() => undefined)
    found.problems.push(...(await log.flush()))
    await finishWhenPossible(parts, { lease, end: toEnd(outcome, found) }, execution.signal)
  } finally {
    stopHeartbeat()
  }
}

export interface AskRequest {
  readonly mode: Exclude<TaskMode, 'run'>
  readonly scriptId: string
  /** Another text than the deployed one: deploy asks before it publishes. */
  readonly scriptPath?: string
  /** Empty for inspect, which calls nothing. */
  readonly exportName?: string
  /** For explain. */
  readonly question?: Question
  readonly signal: AbortSignal
}

export interface Asked {
  readonly functions: readonly ApiFunctionInfo[]
  readonly value: TaskValue
}

/** Loads a Startup script in a task process and asks it something: no lease, no record, nothing written. Rejects with what kept it from answering. */
export async function askScript(parts: HostParts, scope: TaskScope, request: AskRequest): Promise<Asked> {
  const context = answerContext(parts, scope.scriptId, { connectorId: '', lease: null })
  const outcome = await runChild({
    start: {
      mode: request.mode,
      taskId: `${request.mode}-${scope.setId}`,
      scriptId: scope.scriptId,
      scriptPath: request.scriptPath ?? scope.scriptPath,
      exportName: request.exportName ?? '',
      triggerTimeMs: Date.now(),
      isDebug: true,
      concurrency: readConcurrency().requests,
      sink: await readTraits(parts, DEFAULT_CONNECTOR_ID),
      backfill: null,
      question: request.question ?? null,
      sets: scope.sets,
    },
    signal: request.signal,
    secretsInUse: await listSecrets(parts),
    onRequest: (body) => answerRequest(context, body),
    onProblem: () => undefined,
    onUsage: () => undefined,
    onLines: () => undefined,
  })
  if (outcome.kind !== 'done') throw new DffError(outcome.error)
  return { functions: outcome.functions, value: outcome.value }
}
