import type { HostHandlers, LogLine, TaskRecord, TaskStatus } from '../host-api.ts'
import type { HostParts } from '../host-parts.ts'
import { aborted, sleep } from '../wait.ts'
import { unknownName } from './unknown-name.ts'

/** The task process writes this line where it left out the middle of a long log. */
const CUT_NOTICE = /^… \d+ lines \(\d+ characters\) left out here …$/

/** How often a follower looks whether a task that waits has begun or ended elsewhere. */
const FOLLOW_POLL_MS = 200

/** Enough ids to find the one that was mistyped. */
const SUGGEST_FROM = 200

const OPEN_STATUSES: ReadonlySet<TaskStatus> = new Set(['waiting', 'pending'])

async function findRecord(parts: HostParts, taskId: string): Promise<TaskRecord> {
  const record = await parts.store.records.get(taskId)
  if (record !== undefined) return record
  const recent = await parts.store.records.list({ limit: SUGGEST_FROM, funcId: null, status: null })
  throw unknownName(
    'task',
    taskId,
    recent.map((task) => task.id),
    'dff task list',
  )
}

/** Streams what was written and what is written from now on, each line once, until the task is over or nobody listens. */
async function follow(
  parts: HostParts,
  taskId: string,
  onLine: (line: LogLine) => void,
  signal: AbortSignal,
): Promise<void> {
  let lastSequence = 0
  const emit = (line: LogLine): void => {
    if (line.sequence > lastSequence) onLine(line)
    lastSequence = Math.max(lastSequence, line.sequence)
  }
  // Lines that come while the written ones are read wait for them.
  let early: LogLine[] | undefined = []
  const unwatch = parts.tasks.watch(taskId, (lines) =>
    early === undefined ? lines.forEach(emit) : early.push(...lines),
  )
  const gone = aborted(signal)
  try {
    const written = await parts.store.records.readLog(taskId, 0)
    for (const line of [...written, ...early]) emit(line)
    early = undefined
    // In turn: each look decides whether there is another one.
    while (!signal.aborted && OPEN_STATUSES.has((await findRecord(parts, taskId)).status)) {
      await Promise.race([parts.tasks.ended(taskId), gone])
      if (OPEN_STATUSES.has((await findRecord(parts, taskId)).status)) await sleep(FOLLOW_POLL_MS, signal)
    }
  } finally {
    unwatch()
  }
}

/** Task records and logs. */
export function makeTaskHandlers(parts: HostParts): Pick<HostHandlers, 'task.list' | 'task.show' | 'log'> {
  const { records } = parts.store
  return {
    'task.list': (filter) => records.list(filter),
    'task.show': ({ taskId }) => findRecord(parts, taskId),
    log: async (input, onEvent, signal) => {
      await findRecord(parts, input.taskId)
      if (input.follow) {
        const onLine = (line: LogLine): void => onEvent({ kind: 'log', line })
        await follow(parts, input.taskId, onLine, AbortSignal.any([signal, parts.leaving]))
      }
      const lines = await records.readLog(input.taskId, 0)
      return { lines, isCut: lines.some((line) => CUT_NOTICE.test(line.text)) }
    },
  }
}
