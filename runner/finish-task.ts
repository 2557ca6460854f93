import { coerceError, type DffError, type ErrorCode } from '../core/error.ts'
import { SECOND_MS } from '../core/time.ts'
import type { HostParts } from './host-parts.ts'
import type { TaskRecord, TaskStatus } from './host-api.ts'
import type { CloseReason, Lease, TaskEnd } from './store/store.ts'
import { sleep } from './wait.ts'

/** As often as delivery tries again (lane.ts): what filled the disk may be gone any moment. */
const RETRY_MS = 5 * SECOND_MS

/** What passes by itself: a disk that is full or does not answer, another program that keeps the file locked. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['HOME_UNUSABLE', 'HOME_BUSY'])

/** The end of a task that could not be started. */
export function failedEnd(error: DffError): TaskEnd {
  return {
    status: 'failure',
    endTimeMs: Date.now(),
    exceptionType: error.code,
    exceptionText: error.message,
    problems: [],
    usage: [],
    resources: null,
    returnValue: null,
  }
}

/**
 * Writes the end of a task; while the disk does not take it, again and again, because a record that stayed pending would
 * hold its function up. Rejects when the store is beyond that, or when the host leaves first.
 */
export async function finishTask(
  { store, note }: Pick<HostParts, 'store' | 'note'>,
  lease: Lease,
  end: TaskEnd,
  stopping: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await store.queue.finish(lease, end)
      return
    } catch (error) {
      const problem = coerceError(error, `task ${lease.taskId}`)
      if (stopping.aborted || !PASSING.has(problem.code)) throw problem
      if (attempt === 1) note(`The record of task ${lease.taskId} waits for the disk: ${problem.message}`)
      // In turn: the next attempt is the same write.
      await sleep(RETRY_MS, stopping)
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
  parts.note(`Task ${taskId} of ${funcId}: ${status}, ${total} points${why}`)
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
