/**
 * One task from its claimed lease to its record: keeps the lease alive, runs the Startup script in a process of its
 * own, answers what that process asks, and writes record and log.
 */
import { coerceError, DffError } from '../core/error.ts'
import type { Problem, SinkTraits } from '../core/script.ts'
import { SECOND_MS } from '../core/time.ts'
import type { Window } from '../core/window.ts'
import { readConcurrency } from './concurrency.ts'
import type { HostParts } from './host-parts.ts'
import type { ApiFunctionInfo, LogLine, TaskResources } from './host-api.ts'
import { declaredTriggers } from './deploy/functions.ts'
import { readStartTicks } from './orphan.ts'
import type { Lease, NewTask, TaskEnd } from './store/store.ts'
import { answerRequest } from './task-answers.ts'
import { answerContext, listSecrets, readTraits } from './task-environment.ts'
import type { TaskScope } from './task-scope.ts'
import { TaskUsage } from './task-usage.ts'
import type { StartMessage } from './task/ipc.ts'
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
  readonly usage: TaskUsage
  resources: TaskResources | null
}

function toEnd(outcome: ChildOutcome, { problems, usage, resources }: Findings): TaskEnd {
  const common = {
    endTimeMs: Date.now(),
    problems,
    usage: usage.all,
    uncounted: usage.takeUncounted(),
    predicted: usage.predicted,
    resources,
  }
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
    intervalMs: null,
    sets: scope.sets,
  }
}

/** Runs a claimed task to its record. Whatever goes wrong with the task is in the record; rejects only without a store. */
export async function executeTask(parts: HostParts, execution: Execution): Promise<void> {
  const { task, scope, lease } = execution
  const log = new TaskLog(parts, execution)
  const found: Findings = { problems: [], usage: new TaskUsage(), resources: null }
  const lost = new AbortController()
  let remembered: Promise<void> = Promise.resolve()
  const { requests, note } = readConcurrency()
  if (note !== undefined) log.add([{ timeMs: Date.now(), text: note }])
  const stopHeartbeat = keepLease(parts, lease, () => lost.abort())
  const context = answerContext(parts, scope.scriptId, {
    connectorId: execution.connectorId,
    lease: task.isDebug ? null : lease,
    usage: found.usage,
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
      onUsage: (used) => found.usage.meter(used),
      onPredicted: (prediction) => found.usage.predict(prediction),
      onResources: (resources) => {
        found.resources = resources
      },
      onLines: (lines) => log.add(lines),
    })
    await remembered.catch(() => undefined)
    found.problems.push(...(await log.flush()))
    await parts.store.queue.finish(lease, toEnd(outcome, found))
  } finally {
    stopHeartbeat()
  }
}
