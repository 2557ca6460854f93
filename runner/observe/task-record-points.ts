import type { Point } from '../../core/point.ts'
import { formatTime } from '../../core/time.ts'
import type { LogLine, TaskRecord, TaskStatus } from '../host-api.ts'
import { scriptIdOf, setIdOf } from '../task-scope.ts'
import { cutUtf8 } from '../line-protocol/text.ts'

/** Upstream's measurement of a task record that is sent as a log (guance.md §4.8). */
const TASK_RECORD = 'DFF_task_record_func'

/** Upstream's limit of one message, in bytes; a longer log becomes several points. */
const MAX_MESSAGE_BYTES = 100_000

/** Upstream's levels; what is not over has none, and is never sent. */
const LEVELS: Readonly<Record<TaskStatus, string>> = {
  waiting: 'info',
  pending: 'info',
  success: 'ok',
  failure: 'critical',
  timeout: 'error',
  skip: 'warning',
  expire: 'warning',
}

/** Tells the hosts of one workspace apart. */
export interface OwnTags {
  readonly host: string
  readonly home: string
}

/** Upstream's ids of a function: `startup__x.run` is of script `startup__x`, which is of set x. */
export function funcTags(funcId: string): Readonly<Record<string, string>> {
  const scriptId = scriptIdOf(funcId)
  return { func_id: funcId, script_id: scriptId, script_set_id: setIdOf(scriptId) }
}

function formatLine({ timeMs, text }: LogLine): string {
  return `[${formatTime(timeMs)}] ${text}`
}

/** Pieces of at most `maxBytes` of UTF-8, cut behind a line where one ends within; never empty. */
export function splitMessage(text: string, maxBytes: number = MAX_MESSAGE_BYTES): readonly string[] {
  const pieces: string[] = []
  let rest = text
  while (Buffer.byteLength(rest) > maxBytes) {
    const head = cutUtf8(rest, maxBytes)
    const lineEnd = head.lastIndexOf('\n') + 1
    // A single line over the limit is cut where the limit is.
    const piece = lineEnd === 0 ? head : head.slice(0, lineEnd)
    pieces.push(piece)
    rest = rest.slice(piece.length)
  }
  return rest === '' && pieces.length > 0 ? pieces : [...pieces, rest]
}

function sumOf<T>(items: readonly T[], count: (item: T) => number): bigint {
  return BigInt(items.reduce((sum, item) => sum + count(item), 0))
}

function costs({ triggerTimeMs, startTimeMs, endTimeMs }: TaskRecord): Readonly<Record<string, bigint>> {
  const endMs = endTimeMs ?? triggerTimeMs
  const total = { total_cost: BigInt(Math.max(0, endMs - triggerTimeMs)) }
  if (startTimeMs === null) return total
  return {
    ...total,
    wait_cost: BigInt(Math.max(0, startTimeMs - triggerTimeMs)),
    run_cost: BigInt(Math.max(0, endMs - startTimeMs)),
  }
}

/** The record of a task that is over, with its whole log as message: one point, or more where the log is long. */
export function taskRecordPoints(
  record: TaskRecord,
  lines: readonly LogLine[],
  own: OwnTags,
): readonly Point[] {
  const { id, funcId, origin, triggerId, status, points, usage, problems } = record
  const end = record.exceptionText === null ? [] : [record.exceptionText]
  const messages = splitMessage([...lines.map(formatLine), ...end].join('\n'))
  const tags = {
    ...own,
    ...funcTags(funcId),
    id,
    origin,
    ...(triggerId === null ? {} : { origin_id: triggerId }),
    task_status: status,
    status: LEVELS[status],
  }
  const fields = {
    trigger_time: formatTime(record.triggerTimeMs),
    ...(record.startTimeMs === null ? {} : { start_time: formatTime(record.startTimeMs) }),
    ...(record.endTimeMs === null ? {} : { end_time: formatTime(record.endTimeMs) }),
    ...costs(record),
    ...(record.exceptionType === null ? {} : { exception_type: record.exceptionType }),
    points: sumOf(Object.values(points), (count) => count),
    requests: sumOf(usage, ({ requests }) => requests),
    billed_metrics: sumOf(usage, ({ billedMetrics }) => billedMetrics),
    problems: BigInt(problems.length),
  }
  return messages.map((message, index) => ({
    category: 'logging',
    measurement: TASK_RECORD,
    tags,
    fields: { ...fields, message, ...(messages.length > 1 ? { message_part: BigInt(index + 1) } : {}) },
    timeMs: record.endTimeMs ?? record.triggerTimeMs,
  }))
}
