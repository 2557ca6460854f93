import type { DeclaredTrigger, StoredTrigger, TriggerPause, TriggerStore } from '../trigger-store.ts'
import type { Database } from './database.ts'

interface TriggerRow {
  readonly trigger_id: string
  readonly func_id: string
  readonly title: string
  readonly fixed_cron_expr: string
  readonly timezone: string
  readonly cron_override: string | null
  readonly timezone_override: string | null
  readonly is_enabled: number
  readonly last_tick_ms: number | null
  readonly mark_key: string | null
  readonly mark_since_ms: number | null
}

function toTrigger(row: TriggerRow): StoredTrigger {
  return {
    triggerId: row.trigger_id,
    funcId: row.func_id,
    title: row.title,
    fixedCronExpr: row.fixed_cron_expr,
    cronOverride: row.cron_override,
    timezone: row.timezone_override ?? row.timezone,
    isEnabled: row.is_enabled === 1,
    lastTickMs: row.last_tick_ms,
    mark: row.mark_key === null ? null : { key: row.mark_key, sinceMs: row.mark_since_ms ?? 0 },
  }
}

/** Brings the triggers of a script in line with what it declares; call inside a transaction. */
export function declareTriggers(
  database: Database,
  scriptId: string,
  triggers: readonly DeclaredTrigger[],
): void {
  const prefix = `${scriptId}.`
  database.run(
    'UPDATE trigger_rule SET is_declared = 0 WHERE substr(func_id, 1, length(?)) = ?',
    prefix,
    prefix,
  )
  for (const { triggerId, funcId, title, fixedCronExpr, timezone } of triggers) {
    database.run(
      `INSERT INTO trigger_rule (trigger_id, func_id, title, fixed_cron_expr, timezone) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (trigger_id) DO UPDATE SET func_id = excluded.func_id, title = excluded.title,
         fixed_cron_expr = excluded.fixed_cron_expr, timezone = excluded.timezone, is_declared = 1`,
      triggerId,
      funcId,
      title,
      fixedCronExpr,
      timezone,
    )
  }
}

/** A tick that lies ahead was made by a clock that was wrong: its task stays, its place in the schedule is free again. */
function rewind(database: Database, triggerId: string, nowMs: number): void {
  database.run('UPDATE task SET tick_ms = NULL WHERE trigger_id = ? AND tick_ms > ?', triggerId, nowMs)
  database.run(
    `UPDATE trigger_rule SET last_tick_ms = (SELECT max(tick_ms) FROM task WHERE task.trigger_id = ?)
     WHERE trigger_id = ?`,
    triggerId,
    triggerId,
  )
}

function setPause(database: Database, pause: TriggerPause | null): void {
  database.run('DELETE FROM trigger_pause')
  if (pause === null) return
  const sql = 'INSERT INTO trigger_pause (id, since_ms, until_ms) VALUES (1, ?, ?)'
  database.run(sql, pause.sinceMs, pause.untilMs)
}

const SELECT = 'SELECT * FROM trigger_rule WHERE is_declared = 1'

/** Automatic trigger configurations. What the user set (override, disabled) survives a new deploy. */
export function sqliteTriggers(database: Database): TriggerStore {
  return {
    async get(triggerId) {
      const row = database.get<TriggerRow>(`${SELECT} AND trigger_id = ?`, triggerId)
      return row === undefined ? undefined : toTrigger(row)
    },
    async list() {
      return database.all<TriggerRow>(`${SELECT} ORDER BY trigger_id`).map(toTrigger)
    },
    async setEnabled(triggerId, isEnabled) {
      const value = isEnabled ? 1 : 0
      database.write(() =>
        database.run('UPDATE trigger_rule SET is_enabled = ? WHERE trigger_id = ?', value, triggerId),
      )
    },
    async setOverride(triggerId, cron, timezone) {
      database.write(() =>
        database.run(
          'UPDATE trigger_rule SET cron_override = ?, timezone_override = ? WHERE trigger_id = ?',
          cron,
          timezone,
          triggerId,
        ),
      )
    },
    async setMark(triggerId, { key, sinceMs }) {
      const sql = 'UPDATE trigger_rule SET mark_key = ?, mark_since_ms = ? WHERE trigger_id = ?'
      database.write(() => database.run(sql, key, sinceMs, triggerId))
    },
    async rewind(triggerId, nowMs) {
      database.write(() => rewind(database, triggerId, nowMs))
    },
    async pause() {
      const sql = 'SELECT since_ms AS sinceMs, until_ms AS untilMs FROM trigger_pause'
      const row = database.get<TriggerPause>(sql)
      return row === undefined ? null : { sinceMs: row.sinceMs, untilMs: row.untilMs }
    },
    async setPause(pause) {
      database.write(() => setPause(database, pause))
    },
    async expirePause(nowMs) {
      database.write(() => database.run('DELETE FROM trigger_pause WHERE until_ms <= ?', nowMs))
    },
  }
}
