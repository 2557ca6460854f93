import type { ScriptStore, StartupScript } from '../store.ts'
import type { Database } from './database.ts'
import { declareTriggers } from './triggers.ts'

interface ScriptRow {
  readonly script_id: string
  readonly set_id: string
  readonly digest: string
  readonly deployed_at_ms: number
  readonly functions: string
}

function toScript(row: ScriptRow): StartupScript {
  return {
    scriptId: row.script_id,
    setId: row.set_id,
    digest: row.digest,
    // Written by `put` below from the same type.
    functions: JSON.parse(row.functions) as StartupScript['functions'],
    deployedAtMs: row.deployed_at_ms,
  }
}

/** Deployed Startup scripts, one row per script. */
export function sqliteScripts(database: Database): ScriptStore {
  return {
    async put(script, triggers) {
      database.write(() => {
        database.run(
          `INSERT OR REPLACE INTO startup_script (script_id, set_id, digest, deployed_at_ms, functions)
           VALUES (?, ?, ?, ?, ?)`,
          script.scriptId,
          script.setId,
          script.digest,
          script.deployedAtMs,
          JSON.stringify(script.functions),
        )
        declareTriggers(database, script.scriptId, triggers)
      })
    },
    async get(scriptId) {
      const row = database.get<ScriptRow>('SELECT * FROM startup_script WHERE script_id = ?', scriptId)
      return row === undefined ? undefined : toScript(row)
    },
    async list() {
      return database.all<ScriptRow>('SELECT * FROM startup_script ORDER BY script_id').map(toScript)
    },
  }
}
