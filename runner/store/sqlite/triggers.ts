import type { StoredTrigger, TriggerStore } from '../store.ts'
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
  }
}

/** Automatic trigger configurations. What the user set (override, disabled) survives a new deploy. */
export function sqliteTriggers(database: Database): TriggerStore {
  return {
    async upsert(trigger) {
      database.write(() =>
        database.run(
          `INSERT INTO trigger_rule (trigger_id, func_id, title, fixed_cron_expr, timezone) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (trigger_id) DO UPDATE SET func_id = excluded.func_id, title = excluded.title,
             fixed_cron_expr = excluded.fixed_cron_expr, timezone = excluded.timezone`,
          trigger.triggerId,
          trigger.funcId,
          trigger.title,
          trigger.fixedCronExpr,
          trigger.timezone,
        ),
      )
    },
    async get(triggerId) {
      const row = database.get<TriggerRow>('SELECT * FROM trigger_rule WHERE trigger_id = ?', triggerId)
      return row === undefined ? undefined : toTrigger(row)
    },
    async list() {
      return database.all<TriggerRow>('SELECT * FROM trigger_rule ORDER BY trigger_id').map(toTrigger)
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
    async remove(triggerId) {
      database.write(() => database.run('DELETE FROM trigger_rule WHERE trigger_id = ?', triggerId))
    },
  }
}
