import type { TaskStatus } from '../../host-api.ts'
import type { EpochMs } from '../../../core/time.ts'
import type { ClaimResult, Lease, NewTask, TaskEnd, TaskQueue } from '../store.ts'
import type { Database } from './database.ts'
import { holdsLease } from './lease.ts'
import { countUsage } from './usage.ts'

/** Func's exception classes for tasks that never ran (guance.md §4.8). */
const CLOSED_BY: Partial<Record<TaskStatus, string>> = {
  skip: 'PreviousTaskNotFinished',
  expire: 'TaskExpired',
}

interface WaitingRow {
  readonly func_id: string
  readonly status: TaskStatus
  readonly expires_at_ms: number
}

interface LeaseRow {
  readonly fence: number
  readonly task_id: string | null
  readonly until_ms: number
}

function enqueue(database: Database, task: NewTask): boolean {
  const added = database.run(
    `INSERT INTO task (id, func_id, trigger_id, origin, status, tick_ms, trigger_time_ms, expires_at_ms, is_debug,
       connector, endpoint_url, missed_ticks)
     VALUES (?, ?, ?, ?, 'waiting', ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
    task.id,
    task.funcId,
    task.triggerId,
    task.origin,
    task.tickMs,
    task.triggerTimeMs,
    task.expiresAtMs,
    task.isDebug ? 1 : 0,
    task.connector,
    task.endpointUrl,
    task.missedTicks ?? 0,
  )
  if (added > 0 && task.triggerId !== null && task.tickMs !== null) {
    database.run(
      'UPDATE trigger_rule SET last_tick_ms = max(coalesce(last_tick_ms, ?), ?) WHERE trigger_id = ?',
      task.tickMs,
      task.tickMs,
      task.triggerId,
    )
  }
  return added > 0
}

interface Closing {
  readonly taskId: string
  readonly from: TaskStatus
  readonly status: TaskStatus
  readonly reason: string
  readonly type: string | null
  readonly nowMs: EpochMs
}

function closeTask(database: Database, { taskId, from, status, reason, type, nowMs }: Closing): void {
  database.run(
    `UPDATE task SET status = ?, exception_type = ?, exception_text = ?, end_time_ms = ? WHERE id = ? AND status = ?`,
    status,
    type,
    reason,
    nowMs,
    taskId,
    from,
  )
}

/** The one that let its lease run out can no longer finish itself, and a record must not stay pending for ever. */
function closeLost(database: Database, taskId: string, nowMs: EpochMs): void {
  closeTask(database, {
    taskId,
    from: 'pending',
    status: 'failure',
    type: 'LeaseLost',
    reason: 'The task gave no sign of life until its lease ran out, and another task took over.',
    nowMs,
  })
}

function takeLease(database: Database, funcId: string, taskId: string, untilMs: EpochMs): number {
  const row = database.get<{ fence: number }>(
    `INSERT INTO lease (func_id, fence, task_id, until_ms) VALUES (?, 1, ?, ?)
     ON CONFLICT (func_id) DO UPDATE SET fence = fence + 1, task_id = excluded.task_id, until_ms = excluded.until_ms
     RETURNING fence`,
    funcId,
    taskId,
    untilMs,
  )
  if (row === undefined) throw new TypeError('an upsert with RETURNING gave no row')
  return row.fence
}

function claim(database: Database, taskId: string, nowMs: EpochMs, leaseMs: number): ClaimResult {
  const task = database.get<WaitingRow>(
    'SELECT func_id, status, expires_at_ms FROM task WHERE id = ?',
    taskId,
  )
  if (task === undefined) return { kind: 'gone', status: 'expire' }
  if (task.status !== 'waiting') return { kind: 'gone', status: task.status }
  if (nowMs > task.expires_at_ms) {
    const type = CLOSED_BY.expire ?? null
    const reason = 'The task waited longer than its limit `expires` and was not run.'
    closeTask(database, { taskId, from: 'waiting', status: 'expire', type, reason, nowMs })
    return { kind: 'gone', status: 'expire' }
  }
  const lease = database.get<LeaseRow>(
    'SELECT fence, task_id, until_ms FROM lease WHERE func_id = ?',
    task.func_id,
  )
  const holder = lease?.task_id ?? null
  if (holder !== null) {
    if ((lease?.until_ms ?? 0) > nowMs) return { kind: 'busy', holderTaskId: holder }
    closeLost(database, holder, nowMs)
  }
  const fence = takeLease(database, task.func_id, taskId, nowMs + leaseMs)
  database.run(
    `UPDATE task SET status = 'pending', start_time_ms = ?, fence = ? WHERE id = ?`,
    nowMs,
    fence,
    taskId,
  )
  return { kind: 'claimed', fence }
}

function finish(database: Database, lease: Lease, end: TaskEnd): boolean {
  countUsage(database, end.uncounted, end.endTimeMs)
  if (!holdsLease(database, lease)) return false
  // A clock that was set back while it ran would make it end before it began.
  database.run(
    `UPDATE task SET status = ?, end_time_ms = max(coalesce(start_time_ms, 0), ?), exception_type = ?, exception_text = ?, problems = ?, usage = ?,
       predicted = ?, resources = ?, return_value = ? WHERE id = ?`,
    end.status,
    end.endTimeMs,
    end.exceptionType,
    end.exceptionText,
    JSON.stringify(end.problems),
    JSON.stringify(end.usage),
    JSON.stringify(end.predicted),
    JSON.stringify(end.resources),
    JSON.stringify(end.returnValue),
    lease.taskId,
  )
  database.run('UPDATE lease SET task_id = NULL WHERE task_id = ?', lease.taskId)
  return true
}

type Listing = Pick<TaskQueue, 'orphans' | 'waiting'>

function listing(database: Database): Listing {
  return {
    async orphans() {
      return database.all<Awaited<ReturnType<TaskQueue['orphans']>>[number]>(
        `SELECT id AS taskId, fence, child_pid AS pid, child_start_ticks AS startTicks
         FROM task WHERE status = 'pending' ORDER BY sequence`,
      )
    },
    async waiting() {
      return database.all<Awaited<ReturnType<TaskQueue['waiting']>>[number]>(
        `SELECT id AS taskId, func_id AS funcId FROM task WHERE status = 'waiting' ORDER BY sequence`,
      )
    },
  }
}

/** Tasks from the tick to the final status, one at a time per function. */
export function sqliteQueue(database: Database): TaskQueue {
  return {
    ...listing(database),
    async enqueueOnce(task) {
      return database.write(() => enqueue(database, task))
    },
    async claim(taskId, nowMs, leaseMs) {
      return database.write(() => claim(database, taskId, nowMs, leaseMs))
    },
    async heartbeat(lease, untilMs) {
      const sql = 'UPDATE lease SET until_ms = ? WHERE task_id = ? AND fence = ?'
      return database.write(() => database.run(sql, untilMs, lease.taskId, lease.fence)) > 0
    },
    async recordChild(lease, pid, startTicks) {
      const sql = 'UPDATE task SET child_pid = ?, child_start_ticks = ? WHERE id = ? AND fence = ?'
      database.write(() => database.run(sql, pid, startTicks, lease.taskId, lease.fence))
    },
    async recordRoute({ taskId, fence }, { connector, endpointUrl }) {
      const sql = 'UPDATE task SET connector = ?, endpoint_url = ? WHERE id = ? AND fence = ?'
      database.write(() => database.run(sql, connector, endpointUrl, taskId, fence))
    },
    async close(taskId, status, given, nowMs) {
      const { type, text: reason } =
        typeof given === 'string' ? { type: CLOSED_BY[status] ?? null, text: given } : given
      database.write(() => closeTask(database, { taskId, from: 'waiting', status, type, reason, nowMs }))
    },
    async finish(lease, end) {
      return database.writeFreeing(() => finish(database, lease, end))
    },
  }
}
