import type { Json } from '../../../core/json.ts'
import type { EpochMs } from '../../../core/time.ts'
import type { StateStore } from '../store.ts'
import { damagedContent, isIntact, type Summed } from './checksum.ts'
import { DAMAGED_REMEDY, type Database } from './database.ts'
import type { StateUses } from './state-uses.ts'

/** A key that was written by a clock far ahead is the newest for as long as that was; then now is what the others are old by. */
function prune(database: Database, keepMs: number, nowMs: EpochMs): number {
  const scripts = database.all<{ id: string; newest: number }>(
    'SELECT script_id AS id, max(updated_at_ms) AS newest FROM state GROUP BY script_id',
  )
  const sql = 'DELETE FROM state WHERE script_id = ? AND updated_at_ms < ?'
  return scripts.reduce(
    (sum, { id, newest }) => sum + database.run(sql, id, Math.min(newest, nowMs) - keepMs),
    0,
  )
}

/** State of Startup scripts; written only by a commit, together with the points it stands for. */
export function sqliteState(database: Database, uses: StateUses): StateStore {
  return {
    async load(scriptId, key, usedMs) {
      const row = database.get<Summed & { readonly value: string; readonly updatedAtMs: EpochMs }>(
        'SELECT value, crc, updated_at_ms AS updatedAtMs FROM state WHERE script_id = ? AND key = ?',
        scriptId,
        key,
      )
      if (row !== undefined && !isIntact(row, row.value)) {
        throw damagedContent(database.path, `state ${JSON.stringify(key)} of ${scriptId}`, DAMAGED_REMEDY)
      }
      if (row !== undefined && usedMs !== undefined) uses.note({ scriptId, key, usedMs }, row.updatedAtMs)
      // Written by commit.ts with JSON.stringify.
      return row === undefined ? undefined : (JSON.parse(row.value) as Json)
    },
    async prune(keepMs, nowMs) {
      // What is used and cannot be written down as such would be taken for forgotten.
      return uses.writeAll() ? database.write(() => prune(database, keepMs, nowMs)) : 0
    },
  }
}
