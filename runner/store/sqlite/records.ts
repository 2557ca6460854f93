import type { LogLine, TaskRecord } from '../../host-api.ts'
import type { RecordStore } from '../record-store.ts'
import type { RecordCount } from '../summary.ts'
import type { Database } from './database.ts'

/** Pages of 4 KiB given back to the disk at a prune: at most 40 MB, a few milliseconds of work. */
const VACUUM_PAGES = 10_000

interface RecordRow {
  readonly id: string
  readonly func_id: string
  readonly trigger_id: string | null
  readonly origin: TaskRecord['origin']
  readonly status: TaskRecord['status']
  readonly trigger_time_ms: number
  readonly missed_ticks: number
  readonly start_time_ms: number | null
  readonly end_time_ms: number | null
  readonly is_debug: number
  readonly exception_type: string | null
  readonly exception_text: string | null
  readonly problems: string
  readonly usage: string
  readonly predicted: string
  readonly resources: string
  readonly return_value: string
  readonly connector: string
  readonly endpoint_url: string | null
  readonly points: string
}

const SELECT = `
SELECT task.*,
  (SELECT json_group_object(category, points) FROM task_points WHERE task_points.task_id = task.id) AS points
FROM task`

function toRecord(row: RecordRow): TaskRecord {
  return {
    id: row.id,
    funcId: row.func_id,
    triggerId: row.trigger_id,
    origin: row.origin,
    status: row.status,
    triggerTimeMs: row.trigger_time_ms,
    missedTicks: row.missed_ticks,
    startTimeMs: row.start_time_ms,
    endTimeMs: row.end_time_ms,
    isDebug: row.is_debug === 1,
    exceptionType: row.exception_type,
    exceptionText: row.exception_text,
    // Written by the queue's finish from the same types.
    problems: JSON.parse(row.problems) as TaskRecord['problems'],
    points: JSON.parse(row.points) as TaskRecord['points'],
    usage: JSON.parse(row.usage) as TaskRecord['usage'],
    predicted: JSON.parse(row.predicted) as TaskRecord['predicted'],
    resources: JSON.parse(row.resources) as TaskRecord['resources'],
    connector: row.connector,
    endpointUrl: row.endpoint_url,
    returnValue: JSON.parse(row.return_value) as TaskRecord['returnValue'],
  }
}

function appendLines(database: Database, lines: readonly LogLine[]): void {
  for (const line of lines) {
    // A late line of a task whose record was pruned has nowhere to go, and is no reason to fail the others.
    database.run(
      `INSERT INTO log_line (task_id, sequence, time_ms, text)
       SELECT ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM task WHERE id = ?)`,
      line.taskId,
      line.sequence,
      line.timeMs,
      line.text,
      line.taskId,
    )
  }
}

/** What still waits or runs stays, however old: it has no final status yet. */
function pruneTasks(database: Database, keepPerFunc: number, olderThanMs: number): number {
  return database.run(
    `DELETE FROM task WHERE sequence IN (
       SELECT sequence FROM (
         SELECT sequence, end_time_ms, row_number() OVER (PARTITION BY func_id ORDER BY sequence DESC) AS place
         FROM task WHERE status NOT IN ('waiting', 'pending'))
       WHERE place > ? OR end_time_ms < ?)`,
    keepPerFunc,
    olderThanMs,
  )
}

/** Task records and their logs. */
export function sqliteRecords(database: Database): RecordStore {
  return {
    async get(taskId) {
      const row = database.get<RecordRow>(`${SELECT} WHERE id = ?`, taskId)
      return row === undefined ? undefined : toRecord(row)
    },
    async list({ limit, funcId, status }) {
      return database
        .all<RecordRow>(
          `${SELECT} WHERE func_id = coalesce(?, func_id) AND status = coalesce(?, status)
           ORDER BY sequence DESC LIMIT ?`,
          funcId,
          status,
          limit,
        )
        .map(toRecord)
    },
    async counts() {
      return database.all<{ -readonly [Key in keyof RecordCount]: RecordCount[Key] }>(
        'SELECT func_id AS funcId, status, count(*) AS count FROM task GROUP BY func_id, status',
      )
    },
    async appendLog(lines) {
      // Relaxed: a log that loses its last second in a power cut is still a log, and a fsync per call would be the dearest part of it.
      database.writeRelaxed(() => appendLines(database, lines))
    },
    async readLog(taskId, afterSequence) {
      return database.all<{ -readonly [Key in keyof LogLine]: LogLine[Key] }>(
        `SELECT task_id AS taskId, sequence, time_ms AS timeMs, text FROM log_line
         WHERE task_id = ? AND sequence > ? ORDER BY sequence`,
        taskId,
        afterSequence,
      )
    },
    async prune(keepPerFunc, olderThanMs) {
      const removed = database.write(() => pruneTasks(database, keepPerFunc, olderThanMs))
      database.script(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`)
      database.holdReserve()
      return removed
    },
  }
}
