/** Every task of this host: who runs, who waits for whom, who watches. */
import { coerceError, type DffError } from '../core/error.ts'
import { findPause } from './back-pressure.ts'
import { type Asked, askScript, type AskRequest } from './ask.ts'
import { executeTask, LEASE_MS } from './execute.ts'
import type { Window } from '../core/window.ts'
import { announceEnded, closeTask, failedEnd, finishTask, readRecord, tellEnded } from './finish-task.ts'
import type { HostParts } from './host-parts.ts'
import type { HostEvent, LogLine, TaskRecord } from './host-api.ts'
import type { ClaimResult, Lease, NewTask, TaskEnd } from './store/store.ts'
import type { StoredTrigger } from './store/trigger-store.ts'
import { makeTask, type TaskRequest } from './new-task.ts'
import { connectorOf, type Route } from './route.ts'
import { checkDeployed, readScope, scriptIdOf } from './task-scope.ts'
import type { DueTick } from './trigger/scheduler.ts'
import { aborted, sleep } from './wait.ts'

/** How often a waiting Execute looks again for a lease that no task of this process holds. */
const CLAIM_POLL_MS = 250

/** An Execute whose watcher left while it waited for its turn. */
const LEFT = 'Nobody waited for it any more before it could start.'

/** A task that a dead owner's Execute left waiting: whoever pressed the button is gone. */
const ABANDONED = 'Nobody waited for it any more: the host that was to run it ended, or could not begin it.'

/** What is needed of a task to run it, whether it was just made or read back. */
type ClaimableTask = Pick<NewTask, 'id' | 'funcId' | 'triggerTimeMs' | 'isDebug' | keyof Route> & {
  readonly backfill?: Window
}

type LogListener = (lines: readonly LogLine[]) => void

export interface Tasks {
  /** Creates the task of a tick and runs it in the background; does nothing when the tick has its task already. */
  tick(trigger: StoredTrigger, tick: DueTick): Promise<void>
  /** The Execute button: waits for the function's lease, runs, answers with the record. */
  execute(request: TaskRequest, onEvent: (event: HostEvent) => void, signal: AbortSignal): Promise<TaskRecord>
  /** Loads a Startup script in a task process and asks it something; no record, nothing written. */
  ask(request: AskRequest): Promise<Asked>
  /** Closes the Executes that nobody waits for: a dead owner left them, or a full disk let them be made but not begun. */
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

/** The next claim turns a task that has waited this long into `expire`. */
function expired({ expiresAtMs }: Pick<NewTask, 'expiresAtMs'>, signal: AbortSignal): Promise<void> {
  return sleep(Math.max(0, expiresAtMs - Date.now()) + 1, signal)
}

class HostTasks implements Tasks {
  readonly #parts: HostParts
  readonly #running = new Map<string, Running>()
  readonly #asking = new Set<Asking>()
  /** Executes that somebody waits for here, with what kept the record of one from being written. */
  readonly #inTurn = new Map<string, DffError | undefined>()
  readonly #listeners = new Map<string, Set<LogListener>>()
  readonly #stopping = new AbortController()

  constructor(parts: HostParts) {
    this.#parts = parts
  }

  async tick({ funcId, triggerId }: StoredTrigger, tick: DueTick): Promise<void> {
    if (this.#stopping.signal.aborted) return
    await this.closeAbandoned()
    await this.#sweep(funcId)
    const request = { funcId, triggerTimeMs: tick.tickMs, isDebug: false }
    const task = await makeTask(this.#parts, request, { triggerId, ...tick })
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
    this.#inTurn.set(task.id, undefined)
    const unwatch = this.watch(task.id, (lines) => lines.forEach((line) => onEvent({ kind: 'log', line })))
    try {
      await queue.enqueueOnce(made)
      const pause = await findPause(this.#parts, task)
      if (pause === undefined) await this.#claimInTurn(task, onEvent, signal)
      else await closeTask(this.#parts, task.id, { status: 'failure', reason: pause })
      await this.#untilEnded(task.id, signal)
      const unwritten = this.#inTurn.get(task.id)
      if (unwritten !== undefined) throw unwritten
    } finally {
      this.#inTurn.delete(task.id)
      unwatch()
    }
    return readRecord(this.#parts, task.id)
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
      if (this.#inTurn.has(id)) continue
      // One after another: each is a small transaction.
      await closeTask(this.#parts, id, { status: 'failure', reason: ABANDONED })
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

  /** Runs what a tick left waiting that could be made but not claimed: the disk was full between the two. */
  async #sweep(funcId: string): Promise<void> {
    for (const record of await this.#waiting('cronJob')) {
      // One after another: each is a transaction, and only the first of a function can run.
      if (record.funcId === funcId) await this.#claimOrSkip(record)
    }
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
    const pause = await findPause(this.#parts, task)
    if (pause !== undefined) {
      this.#parts.note(`Task ${task.id} of ${task.funcId}: skip: ${pause.text}`)
      return closeTask(this.#parts, task.id, { status: 'skip', reason: pause })
    }
    const claim = await this.#claim(task)
    if (claim.kind === 'claimed') return this.#launch(task, claim.fence)
    if (claim.kind !== 'busy') return void (await tellEnded(this.#parts, task.id))
    const reason = `Task ${claim.holderTaskId} of this function was still running.`
    await closeTask(this.#parts, task.id, { status: 'skip', reason })
  }

  /** Waits for the function's lease: an Execute beside a tick runs after it, never together with it. */
  async #claimInTurn(
    task: ClaimableTask & Pick<NewTask, 'expiresAtMs'>,
    onEvent: (event: HostEvent) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const until = AbortSignal.any([signal, this.#stopping.signal])
    const stopped = aborted(until)
    let hasSaid = false
    while (!until.aborted) {
      const claim = await this.#claim(task)
      if (claim.kind === 'claimed') return this.#launch(task, claim.fence)
      if (claim.kind === 'gone') return void (await tellEnded(this.#parts, task.id))
      if (!hasSaid)
        onEvent({ kind: 'note', text: `Waiting for task ${claim.holderTaskId} of the same function to end.` })
      hasSaid = true
      // In turn: each look is at what the one before it found.
      const ended = this.#running.get(claim.holderTaskId)?.done ?? sleep(CLAIM_POLL_MS, until)
      const turn = new AbortController()
      await Promise.race([ended, stopped, expired(task, turn.signal)])
      turn.abort()
    }
    await closeTask(this.#parts, task.id, { status: 'failure', reason: LEFT })
  }

  #launch(task: ClaimableTask, fence: number): void {
    const abort = new AbortController()
    const folders: string[] = []
    this.#parts.note(`Task ${task.id} of ${task.funcId}: started`)
    const lease = { taskId: task.id, fence }
    const done = this.#run(task, lease, { folders, signal: abort.signal })
      .then((end) => finishTask(this.#parts, lease, end, this.#stopping.signal))
      .then(() => announceEnded(this.#parts, task.id))
      // Only a store that is gone gets here: the record cannot be written, the next owner will end it.
      .catch((error: unknown) => {
        const problem = coerceError(error, `task ${task.id}`)
        this.#parts.note(problem.message)
        if (this.#inTurn.has(task.id)) this.#inTurn.set(task.id, problem)
      })
      .finally(() => this.#running.delete(task.id))
    this.#running.set(task.id, { funcId: task.funcId, lease, folders, abort, done })
  }

  async #run(
    task: ClaimableTask,
    lease: Lease,
    { folders, signal }: { readonly folders: string[]; readonly signal: AbortSignal },
  ): Promise<TaskEnd> {
    const { paths, store } = this.#parts
    const onLines = (lines: readonly LogLine[]): void =>
      this.#listeners.get(task.id)?.forEach((listener) => listener(lines))
    try {
      const scope = await readScope(paths, store, scriptIdOf(task.funcId))
      checkDeployed(scope)
      folders.push(...Object.values(scope.sets))
      const connectorId = connectorOf(await store.scripts.get(scope.scriptId), task.funcId)
      const backfill = task.backfill ?? null
      return await executeTask(this.#parts, { task, scope, lease, connectorId, backfill, signal, onLines })
    } catch (error) {
      return failedEnd(coerceError(error, task.funcId))
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
}

/** The tasks of one host. */
export function createTasks(parts: HostParts): Tasks {
  return new HostTasks(parts)
}
