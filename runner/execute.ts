/**
 * One task from its claimed lease to its record: keeps the lease alive, runs the Startup script in a process of its
 * own, answers what that process asks, and writes record and log.
 */
import { coerceError, DffError } from '../core/error.ts'
import type { Problem } from '../core/script.ts'
import { SECOND_MS } from '../core/time.ts'
import type { Window } from '../core/window.ts'
import { readConcurrency } from './concurrency.ts'
import type { HostParts } from './host-parts.ts'
import type { ApiFunctionInfo, LogLine, TaskResources, TaskStatus } from './host-api.ts'
import { declaredTriggers } from './deploy/functions.ts'
import { readStartTicks } from './orphan.ts'
import type { Lease, NewTask, TaskEnd } from './store/store.ts'
import { answerRequest } from './task-answers.ts'
import { answerContext, listSecrets } from './task-environment.ts'
import { type Route, readSinks } from './route.ts'
import { TaskRoute } from './task-route.ts'
import { TaskLog } from './task-log.ts'
import type { TaskScope } from './task-scope.ts'
import { TaskUsage } from './task-usage.ts'
import type { StartMessage } from './task/ipc.ts'
import type { ChildOutcome } from './task/outcome.ts'
import { runChild } from './task/run-child.ts'

/** How long a lease outlives its last heartbeat, and so its holder; five missed ones mean that the process is gone or stuck. */
export const LEASE_MS: number = 15 * SECOND_MS
const HEARTBEAT_MS = 3 * SECOND_MS

export interface Execution {
  readonly task: Pick<NewTask, 'id' | 'funcId' | 'triggerTimeMs' | 'isDebug' | keyof Route>
  readonly scope: TaskScope
  readonly lease: Lease
  /** As its script said when it was last loaded; what it says now counts. */
  readonly connectorId: string
  /** By hand: this window again, instead of what is due. */
  readonly backfill: Window | null
  readonly signal: AbortSignal
  readonly onLines: (lines: readonly LogLine[]) => void
}

/** Renews the lease until stopped; calls `onLost` when somebody else has it. */
function keepLease(parts: HostParts, lease: Lease, onLost: () => void): () => void {
  let complaint = ''
  const renew = async (): Promise<void> => {
    try {
      if (!(await parts.store.queue.heartbeat(lease, Date.now() + LEASE_MS))) onLost()
      complaint = ''
    } catch (error) {
      // A full or locked disk passes. Meanwhile nobody else in this process takes the lease, and nobody can write it.
      const { message } = coerceError(error, `lease of task ${lease.taskId}`)
      if (message !== complaint) parts.note(message)
      complaint = message
    }
  }
  const timer = setInterval(() => void renew(), HEARTBEAT_MS)
  return () => clearInterval(timer)
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

/** As Func's: an exception that is a warning says that there was nothing to do, not that something failed. */
const WARNING = /Warning$/

function statusOf({ kind, exceptionType }: Exclude<ChildOutcome, { kind: 'done' }>): TaskStatus {
  if (kind === 'timeout') return 'timeout'
  return WARNING.test(exceptionType) ? 'skip' : 'failure'
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
    status: statusOf(outcome),
    exceptionType: outcome.exceptionType,
    exceptionText: new DffError(outcome.error).message,
    returnValue: null,
  }
}

async function startOf(
  parts: HostParts,
  execution: Execution,
  concurrency: number,
): Promise<Omit<StartMessage, 'kind'>> {
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
    sinks: await readSinks(parts),
    backfill: execution.backfill,
    question: null,
    intervalMs: null,
    sets: scope.sets,
  }
}

/** Runs a claimed task to the end that its record is to tell. Rejects only for what kept it from being started. */
export async function executeTask(parts: HostParts, execution: Execution): Promise<TaskEnd> {
  const { task, scope, lease } = execution
  const log = new TaskLog(parts.store.records, task.id, execution.onLines)
  const found: Findings = { problems: [], usage: new TaskUsage(), resources: null }
  const lost = new AbortController()
  let remembered: Promise<void> = Promise.resolve()
  const { requests, note } = readConcurrency()
  if (note !== undefined) log.add([{ timeMs: Date.now(), text: note }])
  const stopHeartbeat = keepLease(parts, lease, () => lost.abort())
  const route = new TaskRoute(parts, execution)
  const context = answerContext(parts, scope.scriptId, {
    connectorId: () => route.connectorId,
    lease: task.isDebug ? null : lease,
    usage: found.usage,
  })
  try {
    const outcome = await runChild({
      start: await startOf(parts, execution, requests),
      signal: AbortSignal.any([execution.signal, lost.signal]),
      secretsInUse: await listSecrets(parts),
      onSpawned: (pid) => parts.store.queue.recordChild(lease, pid, readStartTicks(pid)),
      onLoaded: (functions) => {
        declaredTriggers(scope.setId, functions)
        route.learn(functions)
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
    found.problems.push(...(await log.flush()), ...(await route.finish()))
    return toEnd(outcome, found)
  } finally {
    stopHeartbeat()
  }
}
