import { coerceError, type DffError, type ErrorCode } from '../core/error.ts'
import { SECOND_MS } from '../core/time.ts'
import type { HostParts } from './host-parts.ts'
import type { TaskRecord, TaskStatus } from './host-api.ts'
import type { CloseReason, Lease, TaskEnd } from './store/store.ts'
import { counted } from './text/counted.ts'
import { sleep } from './wait.ts'

/** What filled the disk may be gone any moment; it is asked for ever more rarely, at last as often as delivery does (lane.ts). */
const FIRST_RETRY_MS = SECOND_MS
const MAX_RETRY_MS = 5 * SECOND_MS
/** Whoever typed a command waits for it; a host has all the time there is. */
const COMMAND_PATIENCE_MS = 5 * SECOND_MS

/** What passes by itself: a disk that is full or does not answer, another program that keeps the file locked. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['HOME_UNUSABLE', 'HOME_BUSY'])

/** The failure of a task that has told nothing of itself. */
export const NOTHING_TOLD = {
  status: 'failure',
  problems: [],
  usage: [],
  uncounted: [],
  predicted: [],
  resources: null,
  returnValue: null,
} as const satisfies Partial<TaskEnd>

/** The end of a task that could not be started. */
export function failedEnd({ code, message }: DffError): TaskEnd {
  return { ...NOTHING_TOLD, endTimeMs: Date.now(), exceptionType: code, exceptionText: message }
}

/**
 * Writes the end of a task; while the disk does not take it, again and again, because a record that stayed pending would
 * hold its function up. Rejects when the store is beyond that, when the host leaves first, or for a command after five
 * seconds: the next owner of the home then ends the task.
 */
export async function finishTask(
  { store, owner, note }: Pick<HostParts, 'store' | 'owner' | 'note'>,
  lease: Lease,
  end: TaskEnd,
  stopping: AbortSignal,
): Promise<void> {
  const giveUpMs = owner.mode === 'command' ? performance.now() + COMMAND_PATIENCE_MS : Infinity
  for (let delayMs = FIRST_RETRY_MS; ; delayMs = Math.min(2 * delayMs, MAX_RETRY_MS)) {
    try {
      await store.queue.finish(lease, end)
      return
    } catch (error) {
      const problem = coerceError(error, `task ${lease.taskId}`)
      const isOver = stopping.aborted || performance.now() + delayMs > giveUpMs
      if (isOver || !PASSING.has(problem.code)) throw problem
      if (delayMs === FIRST_RETRY_MS)
        note(`The record of task ${lease.taskId} waits for the disk: ${problem.message}`)
      // In turn: the next attempt is the same write.
      await sleep(delayMs, stopping)
    }
  }
}

/** The record of a task that was made. */
export async function readRecord({ store }: Pick<HostParts, 'store'>, taskId: string): Promise<TaskRecord> {
  const record = await store.records.get(taskId)
  if (record === undefined) throw new TypeError(`task ${taskId} has no record`)
  return record
}

/** Lets everybody know of a task that is over; each passes here once. */
export async function tellEnded(parts: HostParts, taskId: string): Promise<TaskRecord> {
  const record = await readRecord(parts, taskId)
  await parts.observer.taskEnded(record)
  await parts.pruner.taskEnded()
  return record
}

/** The same, with a word to whoever watches the host. */
export async function announceEnded(parts: HostParts, taskId: string): Promise<void> {
  const { funcId, status, points, exceptionText } = await tellEnded(parts, taskId)
  const total = Object.values(points).reduce((sum, count) => sum + count, 0)
  const why = exceptionText === null ? '' : `: ${exceptionText}`
  parts.note(`Task ${taskId} of ${funcId}: ${status}, ${counted(total, 'point')}${why}`)
}

/** Ends a task that never ran, and lets everybody know. */
export async function closeTask(
  parts: HostParts,
  taskId: string,
  { status, reason }: { readonly status: TaskStatus; readonly reason: string | CloseReason },
): Promise<void> {
  await parts.store.queue.close(taskId, status, reason, Date.now())
  await tellEnded(parts, taskId)
}
