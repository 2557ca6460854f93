import { coerceError, DffError, type ErrorCode } from '../core/error.ts'
import { MINUTE_MS, SECOND_MS } from '../core/time.ts'
import type { HostParts } from './host-parts.ts'
import type { Lease, TaskEnd } from './store/store.ts'
import { sleep } from './wait.ts'

/** A full disk, one that cannot be written, a database that another program holds: all of them pass. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['HOME_UNUSABLE', 'HOME_BUSY'])
const RETRY_MS = SECOND_MS
/** Whoever pressed Execute waits for it; a host has all the time there is. */
const COMMAND_PATIENCE_MS = 5 * SECOND_MS
/** The longest between two attempts: somebody who made room should not wait for the record. */
const MAX_RETRY_MS = MINUTE_MS / 6

/** The end of a task that did not get as far as running. */
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
 * Writes a task's end as soon as the store takes it: without it the record would be pending, and its function leased to
 * nobody, until the lease runs out. Rejects with the store's error when that is none that passes, when the signal
 * aborts, or for a command after five seconds.
 */
export async function finishWhenPossible(
  { store, owner, note }: Pick<HostParts, 'store' | 'owner' | 'note'>,
  { lease, end }: { readonly lease: Lease; readonly end: TaskEnd },
  signal: AbortSignal,
): Promise<void> {
  const deadlineMs = owner.mode === 'command' ? performance.now() + COMMAND_PATIENCE_MS : Infinity
  for (let delayMs = RETRY_MS; ; delayMs = Math.min(2 * delayMs, MAX_RETRY_MS)) {
    try {
      await store.queue.finish(lease, end)
      return
    } catch (error) {
      const isPassing = error instanceof DffError && PASSING.has(error.code)
      if (!isPassing || signal.aborted || performance.now() + delayMs > deadlineMs) throw error
      if (delayMs === RETRY_MS)
        note(`The record of task ${lease.taskId} waits: ${coerceError(error, 'store').message}`)
      await sleep(delayMs, signal)
    }
  }
}
