import type { Json } from '../../../core/json.ts'
import { DAY_MS, type EpochMs } from '../../../core/time.ts'
import type { StateStore } from '../store.ts'
import { damagedContent, isIntact, type Summed } from './checksum.ts'
import { DAMAGED_REMEDY, type Database } from './database.ts'

/** What is read at every poll is written down as used once a week: nobody prunes what is younger. */
const NOTE_USE_EVERY_MS = 7 * DAY_MS

/** Without waiting for the disk: a power cut costs no more than the note, which the next reading makes again. */
function noteUse(database: Database, { scriptId, key }: { scriptId: string; key: string }, usedMs: EpochMs) {
  database.writeRelaxed(() =>
    database.run(
      'UPDATE state SET updated_at_ms = ? WHERE script_id = ? AND key = ? AND updated_at_ms < ?',
      usedMs,
      scriptId,
      key,
      usedMs,
    ),
  )
}

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
export function sqliteState(database: Database): StateStore {
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
      if (row !== undefined && usedMs !== undefined && usedMs - row.updatedAtMs > NOTE_USE_EVERY_MS) {
        noteUse(database, { scriptId, key }, usedMs)
      }
      // Written by commit.ts with JSON.stringify.
      return row === undefined ? undefined : (JSON.parse(row.value) as Json)
    },
    async prune(keepMs, nowMs) {
      return database.write(() => prune(database, keepMs, nowMs))
    },
  }
}
