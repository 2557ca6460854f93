import { DffError } from '../../../core/error.ts'
import type { Database } from './database.ts'
import { MIGRATIONS } from './migrations.ts'

function schemaVersion(database: Database): number {
  return database.get<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0
}

/** Throws STORE_CORRUPT for a store that a newer release wrote. */
export function checkVersion(database: Database): void {
  const found = schemaVersion(database)
  if (found <= MIGRATIONS.length) return
  throw new DffError({
    code: 'STORE_CORRUPT',
    place: database.path,
    expected: `a store of version ${MIGRATIONS.length} or older`,
    got: `version ${found}, written by a newer release`,
    remedy: 'Run this home with that newer release; going back needs a backup from before the upgrade.',
  })
}

/** Brings a store to the last step. Each is one transaction with its version, so that a kill leaves the one before or the one after. */
export function migrate(database: Database, steps: readonly string[] = MIGRATIONS): void {
  for (const [version, step] of steps.entries()) {
    database.write(() => {
      // Asked again inside the transaction: another process may have migrated while this one waited for the lock.
      if (schemaVersion(database) !== version) return
      database.script(step)
      database.script(`PRAGMA user_version = ${version + 1}`)
    })
  }
}
