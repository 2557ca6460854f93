/** Every task of this host: who runs, who waits for whom, who watches. */
import { existsSync } from 'node:fs'
import { coerceError, DffError } from '../core/error.ts'
import { DEFAULT_CONNECTOR_ID } from './connector/registry.ts'
import { type Asked, askScript, type AskRequest } from './ask.ts'
import { executeTask, LEASE_MS } from './execute.ts'
import type { Window } from '../core/window.ts'
import type { HostParts } from './host-parts.ts'
import type { HostEvent, LogLine, TaskRecord } from './host-api.ts'
import type { ClaimResult, Lease, NewTask, StoredTrigger, TaskEnd } from './store/store.ts'
import { makeTask, type TaskRequest } from './new-task.ts'
import { readScope, scriptIdOf, type TaskScope } from './task-scope.ts'
import { aborted, sleep } from './wait.ts'

/** How often a waiting Execute looks again for a lease that no task of this process holds. */
const CLAIM_POLL_MS = 250

/** A task that a dead owner's Execute left waiting: whoever pressed the button is gone. */
const ABANDONED = 'The host that was to run it ended before it began.'

/** What is needed of a task to run it, whether it was just made or read back. */
type ClaimableTask = Pick<NewTask, 'id' | 'funcId' | 'triggerTimeMs' | 'isDebug'> & {
  readonly backfill?: Window
}

type LogListener = (lines: readonly LogLine[]) => void

export interface Tasks {
  /** Creates the task of a tick and runs it in the background; does nothing when the tick has its task already. */
  tick(trigger: StoredTrigger, tickMs: number): Promise<void>
  /** The Execute button: waits for the function's lease, runs, answers with the record. */
  execute(request: TaskRequest, onEvent: (event: HostEvent) => void, signal: AbortSignal): Promise<TaskRecord>
  /** Loads a Startup script in a task process and asks it something; no record, nothing written. */
  ask(request: AskRequest): Promise<Asked>
  /** Closes the Executes that a dead owner left waiting. */
  closeAbandoned(): Promise<void>
  /** Runs the ticks that a dead owner left waiting. */
  resume(): Promise<void>
  /** Log lines of a task as they come, until the returned function is called. */
  watch(taskId: string, listener: LogListener): () => void
  /** Resolves when the task is over; at once when it does not run here. */
  ended(taskId: string): Promise<void>
  /** Set generations that a running task or question was started with. */
  foldersInUse(): readonly string[]
  /** Lets running tasks end by themselves for so long, then ends them; ends questions at once. Nothing starts any more. */
  stop(graceMs: number): Promise<void>
}

interface Asking {
  readonly folders: readonly string[]
  readonly done: Promise<void>
}

interface Running extends Asking {
  readonly funcId: string
  readonly lease: Lease
  readonly abort: AbortController
}

function checkDeployed(scope: TaskScope): void {
  if (existsSync(scope.scriptPath)) return
  throw new DffError({
    code: 'NOT_INSTALLED',
    place: scope.scriptPath,
    expected: 'the deployed Startup script',
    got: 'no such file',
    remedy: `Type dff deploy ${scope.setId}.`,
  })
}

function failedEnd(error: DffError): TaskEnd {
  return {
    status: 'failure',
    endTimeMs: Date.now(),
    exceptionType: error.code,
    exceptionText: error.message,
    problems: [],
    usage: [],
    uncounted: [],
    predicted: [],
    resources: null,
    returnValue: null,
  }
}

class HostTasks implements Tasks {
  readonly #parts: HostParts
  readonly #running = new Map<string, Running>()
  readonly #asking = new Set<Asking>()
  readonly #listeners = new Map<string, Set<LogListener>>()
  readonly #stopping = new AbortController()

  constructor(parts: HostParts) {
    this.#parts = parts
  }

  async tick(trigger: StoredTrigger, tickMs: number): Promise<void> {
    if (this.#stopping.signal.aborted) return
    const { funcId, triggerId } = trigger
    const task = await makeTask(
      this.#parts,
      { funcId, triggerTimeMs: tickMs, isDebug: false },
      { triggerId, tickMs },
    )
    if (await this.#parts.store.queue.enqueueOnce(task)) await this.#claimOrSkip(task)
  }

  async execute(
    request: TaskRequest,
    onEvent: (event: HostEvent) => void,
    signal: AbortSignal,
  ): Promise<TaskRecord> {
    const { queue } = this.#parts.store
    const made = await makeTask(this.#parts, request, null)
    const task = request.backfill === undefined ? made : { ...made, backfill: request.backfill }
    const unwatch = this.watch(task.id, (lines) => lines.forEach((line) => onEvent({ kind: 'log', line })))
    try {
      await queue.enqueueOnce(made)
      await this.#claimInTurn(task, onEvent, signal)
      await this.#untilEnded(task.id, signal)
    } finally {
      unwatch()
    }
    return this.#record(task.id)
  }

  async ask(request: AskRequest): Promise<Asked> {
    const { paths, store } = this.#parts
    const scope = await readScope(paths, store, request.scriptId)
    const signal = AbortSignal.any([request.signal, this.#stopping.signal])
    const answer = askScript(this.#parts, scope, { ...request, signal })
    const done = answer.then(
      () => undefined,
      () => undefined,
    )
    const asking = { folders: Object.values(scope.sets), done }
    this.#asking.add(asking)
    return answer.finally(() => this.#asking.delete(asking))
  }

  async closeAbandoned(): Promise<void> {
    for (const { id } of await this.#waiting('direct')) {
      // One after another: each is a small transaction.
      await this.#parts.store.queue.close(id, 'failure', ABANDONED, Date.now())
    }
  }

  async resume(): Promise<void> {
    // One after another: each claim is a transaction, and the first of a function makes the others skip.
    for (const record of await this.#waiting('cronJob')) await this.#claimOrSkip(record)
  }

  watch(taskId: string, listener: LogListener): () => void {
    const listeners = this.#listeners.get(taskId) ?? new Set()
    this.#listeners.set(taskId, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#listeners.delete(taskId)
    }
  }

  async ended(taskId: string): Promise<void> {
    await this.#running.get(taskId)?.done
  }

  foldersInUse(): readonly string[] {
    return [...this.#running.values(), ...this.#asking].flatMap(({ folders }) => folders)
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort()
    const all = Promise.all([...this.#running.values(), ...this.#asking].map(({ done }) => done))
    const early = new AbortController()
    await Promise.race([all.finally(() => early.abort()), sleep(graceMs, early.signal)])
    for (const running of this.#running.values()) running.abort.abort()
    await all
  }

  async #waiting(origin: TaskRecord['origin']): Promise<TaskRecord[]> {
    const { queue, records } = this.#parts.store
    const waiting = await Promise.all((await queue.waiting()).map(({ taskId }) => records.get(taskId)))
    return waiting.flatMap((record) => (record?.origin === origin ? [record] : []))
  }

  /**
   * Claims the function's lease. That of a task running here is renewed first: after a pause of this process, or when
   * the clock was set forward, it looks as if it had run out, and the task would lose it while it works.
   */
  async #claim(task: ClaimableTask): Promise<ClaimResult> {
    const { queue } = this.#parts.store
    const nowMs = Date.now()
    const holders = [...this.#running.values()].filter(({ funcId }) => funcId === task.funcId)
    await Promise.all(holders.map(({ lease }) => queue.heartbeat(lease, nowMs + LEASE_MS)))
    return queue.claim(task.id, nowMs, LEASE_MS)
  }

  /** A tick beside a running task is refused: the next one covers what it would have. */
  async #claimOrSkip(task: ClaimableTask): Promise<void> {
    const claim = await this.#claim(task)
    if (claim.kind === 'claimed') this.#launch(task, claim.fence)
    if (claim.kind !== 'busy') return
    const reason = `Task ${claim.holderTaskId} of this function was still running.`
    await this.#parts.store.queue.close(task.id, 'skip', reason, Date.now())
  }

  /** Waits for the function's lease: an Execute beside a tick runs after it, never together with it. */
  async #claimInTurn(
    task: ClaimableTask,
    onEvent: (event: HostEvent) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { queue } = this.#parts.store
    const until = AbortSignal.any([signal, this.#stopping.signal])
    const stopped = aborted(until)
    let hasSaid = false
    while (!until.aborted) {
      const claim = await this.#claim(task)
      if (claim.kind === 'claimed') return this.#launch(task, claim.fence)
      if (claim.kind === 'gone') return
      if (!hasSaid)
        onEvent({ kind: 'note', text: `Waiting for task ${claim.holderTaskId} of the same function to end.` })
      hasSaid = true
      // In turn: each look is at what the one before it found.
      await Promise.race([
        this.#running.get(claim.holderTaskId)?.done ?? sleep(CLAIM_POLL_MS, until),
        stopped,
      ])
    }
    await queue.close(task.id, 'failure', 'Nobody waited for it any more before it could start.', Date.now())
  }

  #launch(task: ClaimableTask, fence: number): void {
    const abort = new AbortController()
    const folders: string[] = []
    this.#parts.note(`Task ${task.id} of ${task.funcId}: started`)
    const lease = { taskId: task.id, fence }
    const done = this.#run(task, lease, { folders, signal: abort.signal })
      .then(() => this.#announce(task.id))
      // Only a store that is gone gets here: the record cannot be written, the next owner will end it.
      .catch((error: unknown) => this.#parts.note(coerceError(error, `task ${task.id}`).message))
      .finally(() => this.#running.delete(task.id))
    this.#running.set(task.id, { funcId: task.funcId, lease, folders, abort, done })
  }

  async #announce(taskId: string): Promise<void> {
    const { funcId, status, points, exceptionText } = await this.#record(taskId)
    const total = Object.values(points).reduce((sum, count) => sum + count, 0)
    const why = exceptionText === null ? '' : `: ${exceptionText}`
    this.#parts.note(`Task ${taskId} of ${funcId}: ${status}, ${total} points${why}`)
  }

  async #run(
    task: ClaimableTask,
    lease: Lease,
    { folders, signal }: { readonly folders: string[]; readonly signal: AbortSignal },
  ): Promise<void> {
    const { paths, store } = this.#parts
    const onLines = (lines: readonly LogLine[]): void =>
      this.#listeners.get(task.id)?.forEach((listener) => listener(lines))
    try {
      const scope = await readScope(paths, store, scriptIdOf(task.funcId))
      checkDeployed(scope)
      folders.push(...Object.values(scope.sets))
      const connectorId = DEFAULT_CONNECTOR_ID
      const backfill = task.backfill ?? null
      await executeTask(this.#parts, { task, scope, lease, connectorId, backfill, signal, onLines })
    } catch (error) {
      await store.queue.finish(lease, failedEnd(coerceError(error, task.funcId)))
    }
  }

  /** Until the task is over; a watcher that leaves ends it only where this process leaves with the watcher. */
  async #untilEnded(taskId: string, signal: AbortSignal): Promise<void> {
    const running = this.#running.get(taskId)
    if (running === undefined) return
    if (this.#parts.owner.mode === 'start') {
      await Promise.race([running.done, aborted(signal)])
      return
    }
    const end = (): void => running.abort.abort()
    if (signal.aborted) end()
    signal.addEventListener('abort', end)
    await running.done.finally(() => signal.removeEventListener('abort', end))
  }

  async #record(taskId: string): Promise<TaskRecord> {
    const record = await this.#parts.store.records.get(taskId)
    if (record === undefined) throw new TypeError(`task ${taskId} has no record`)
    return record
  }
}

/** The tasks of one host. */
export function createTasks(parts: HostParts): Tasks {
  return new HostTasks(parts)
}
