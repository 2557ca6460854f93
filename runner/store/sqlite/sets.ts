import type { InstalledSet, SetStore } from '../store.ts'
import type { Database } from './database.ts'
import { changeSecret } from './secrets.ts'

interface SetRow {
  readonly set_id: string
  readonly version: string
  readonly digest: string
  readonly installed_at_ms: number
  readonly manifest: string
  readonly parameters: string
  readonly form: string | null
}

function toSet(row: SetRow): InstalledSet {
  return {
    setId: row.set_id,
    version: row.version,
    digest: row.digest,
    // Written by `putSet` below from the same types.
    manifest: JSON.parse(row.manifest) as InstalledSet['manifest'],
    form: row.form === null ? null : (JSON.parse(row.form) as InstalledSet['form']),
    parameters: JSON.parse(row.parameters) as InstalledSet['parameters'],
    installedAtMs: row.installed_at_ms,
  }
}

function putSet(database: Database, set: InstalledSet): void {
  database.run(
    `INSERT OR REPLACE INTO script_set (set_id, version, digest, installed_at_ms, manifest, parameters, form)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    set.setId,
    set.version,
    set.digest,
    set.installedAtMs,
    JSON.stringify(set.manifest),
    JSON.stringify(set.parameters),
    set.form === null ? null : JSON.stringify(set.form),
  )
}

/** Installed script sets, one row per set. */
export function sqliteSets(database: Database): SetStore {
  return {
    async put(sets, secrets) {
      database.write(() => {
        for (const set of sets) putSet(database, set)
        for (const secret of secrets) changeSecret(database, secret, Date.now())
      })
    },
    async get(setId) {
      const row = database.get<SetRow>('SELECT * FROM script_set WHERE set_id = ?', setId)
      return row === undefined ? undefined : toSet(row)
    },
    async list() {
      return database.all<SetRow>('SELECT * FROM script_set ORDER BY set_id').map(toSet)
    },
  }
}
