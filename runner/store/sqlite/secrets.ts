import { DffError } from '../../../core/error.ts'
import type { EpochMs } from '../../../core/time.ts'
import type { SecretChange, SecretStore, StoredSecret } from '../store.ts'
import type { Database } from './database.ts'

interface SecretRow {
  readonly name: string
  readonly updated_at_ms: number
  readonly sealed: Uint8Array
  readonly granted: string
}

const SELECT = `
SELECT name, updated_at_ms, sealed,
  (SELECT json_group_array(script_id ORDER BY script_id) FROM secret_grant WHERE secret_grant.name = secret.name) AS granted
FROM secret`

function toSecret(row: SecretRow): StoredSecret {
  return {
    name: row.name,
    sealed: row.sealed,
    updatedAtMs: row.updated_at_ms,
    // A JSON array of a TEXT column.
    grantedTo: JSON.parse(row.granted) as string[],
  }
}

function grant(database: Database, name: string, scriptId: string): void {
  if (database.get('SELECT 1 FROM secret WHERE name = ?', name) === undefined) {
    throw new DffError({
      code: 'NO_SECRET',
      place: `secret ${name}`,
      expected: 'a stored secret to grant',
      got: 'none of this name',
      remedy: `Store it with: dff secret set ${name}`,
    })
  }
  database.run('INSERT OR IGNORE INTO secret_grant (name, script_id) VALUES (?, ?)', name, scriptId)
}

function put(database: Database, name: string, sealed: Uint8Array, nowMs: EpochMs): void {
  database.run(
    `INSERT INTO secret (name, sealed, updated_at_ms) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, updated_at_ms = excluded.updated_at_ms`,
    name,
    sealed,
    nowMs,
  )
}

function remove(database: Database, name: string): number {
  return database.run('DELETE FROM secret WHERE name = ?', name)
}

function reseal(database: Database, change: (name: string, sealed: Uint8Array) => Uint8Array): number {
  const rows = database.all<Pick<SecretRow, 'name' | 'sealed'>>('SELECT name, sealed FROM secret')
  for (const { name, sealed } of rows) {
    database.run('UPDATE secret SET sealed = ? WHERE name = ?', change(name, sealed), name)
  }
  return rows.length
}

/** Replaces, grants or forgets a secret of a form; call inside a transaction. */
export function changeSecret(
  database: Database,
  { name, sealed, grantTo }: SecretChange,
  nowMs: EpochMs,
): void {
  if (sealed === null) {
    remove(database, name)
    return
  }
  put(database, name, sealed, nowMs)
  grant(database, name, grantTo)
}

/** Sealed values and who may use them; this file never sees a value in clear. */
export function sqliteSecrets(database: Database): SecretStore {
  return {
    async put(name, sealed, nowMs) {
      database.write(() => put(database, name, sealed, nowMs))
    },
    async grant(name, scriptId) {
      database.write(() => grant(database, name, scriptId))
    },
    async get(name) {
      const row = database.get<SecretRow>(`${SELECT} WHERE name = ?`, name)
      return row === undefined ? undefined : toSecret(row)
    },
    async list() {
      return database.all<SecretRow>(`${SELECT} ORDER BY name`).map(toSecret)
    },
    async reseal(change) {
      return database.writeScrubbed(() => reseal(database, change))
    },
    async remove(name) {
      return database.writeScrubbed(() => remove(database, name)) > 0
    },
  }
}
