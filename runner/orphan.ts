import { readFileSync } from 'node:fs'
import { NOTHING_TOLD } from './finish-task.ts'
import type { Store } from './store/store.ts'
import { signalGroup } from './task/process-group.ts'

/** Field 22 of /proc/<pid>/stat: when the process started, in clock ticks since boot (proc_pid_stat(5)). */
const START_TICKS_FIELD = 22

/** When a process started, as the kernel counts it; null where there is no /proc or no such process. */
export function readStartTicks(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name in parentheses and may hold anything, so count from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[START_TICKS_FIELD - 3] ?? null
  } catch {
    return null
  }
}

/**
 * Ends the tasks of an owner that died: kills a child that is still the one that was recorded (a pid alone may be
 * anybody's by now) and gives each task its end. Returns the ids.
 */
export async function endOrphans(store: Store, nowMs: number): Promise<string[]> {
  const orphans = await store.queue.orphans()
  // One after another: each end is a transaction.
  for (const { taskId, fence, pid, startTicks } of orphans) {
    const isSame = pid !== null && startTicks !== null && readStartTicks(pid) === startTicks
    if (isSame) signalGroup(pid, 'SIGKILL')
    await store.queue.finish(
      { taskId, fence },
      {
        ...NOTHING_TOLD,
        endTimeMs: nowMs,
        exceptionType: 'HostDied',
        exceptionText:
          'The host ended while this task ran (killed, crashed or powered off). What the task had committed is kept; its next run goes on from there.',
      },
    )
  }
  return orphans.map((orphan) => orphan.taskId)
}
