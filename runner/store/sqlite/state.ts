import type { Json } from '../../../core/json.ts'
import type { StateStore } from '../store.ts'
import type { Database } from './database.ts'

/** State of Startup scripts; written only by a commit, together with the points it stands for. */
export function sqliteState(database: Database): StateStore {
  return {
    async load(scriptId, key) {
      const row = database.get<{ value: string }>(
        'SELECT value FROM state WHERE script_id = ? AND key = ?',
        scriptId,
        key,
      )
      // Written by commit.ts with JSON.stringify.
      return row === undefined ? undefined : (JSON.parse(row.value) as Json)
    },
    async keys(scriptId) {
      return database
        .all<{ key: string }>('SELECT key FROM state WHERE script_id = ? ORDER BY key', scriptId)
        .map((row) => row.key)
    },
  }
}
