import { coerceError, type DffError, type ErrorCode } from '../core/error.ts'
import { SECOND_MS } from '../core/time.ts'
import type { HostParts } from './host-parts.ts'
import type { Lease, TaskEnd } from './store/store.ts'
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
