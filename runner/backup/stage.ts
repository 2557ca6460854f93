import { constants, existsSync, readdirSync, rmSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { DffError } from '../../core/error.ts'
import type { HomePaths } from '../home.ts'
import { findKey } from '../secret/key.ts'
import { isSealedBy } from '../secret/seal.ts'
import { checkContent, checkStructure } from '../store/sqlite/check.ts'
import { Database } from '../store/sqlite/database.ts'
import { checkVersion, migrate } from '../store/sqlite/migrate.ts'
import {
  type ArchivedFile,
  backupRefused,
  checkArchive,
  describeArchive,
  readArchive,
  stripArchive,
} from './archive.ts'
import type { BackupRow } from './backup-row.ts'

/** A backup that was found fit for this home, with its store beside the home's own, ready to take its place. */
export interface StagedBackup {
  readonly row: BackupRow
  readonly files: readonly ArchivedFile[]
  /** The store. */
  readonly path: string
  /** Removes the store unless it has been moved. */
  discard(): void
}

async function copyBackup(file: string, to: string): Promise<void> {
  try {
    rmSync(to, { force: true })
    await copyFile(file, to, constants.COPYFILE_FICLONE)
  } catch (error) {
    const got = (error as NodeJS.ErrnoException).code ?? String(error)
    const remedy = 'Check the path, and that there is room for it in the home.'
    throw backupRefused(file, { expected: 'a backup that can be read and copied', got, remedy })
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** What a killed restore left half-way. */
function clearLeftovers({ dff, database }: HomePaths): void {
  const prefix = `${basename(database)}-restoring-`
  for (const name of readdirSync(dff).filter((entry) => entry.startsWith(prefix))) {
    if (!isRunning(Number.parseInt(name.slice(prefix.length), 10))) rmSync(join(dff, name), { force: true })
  }
}

/** Names the file that the user gave, not the copy, and says what a damaged backup means. */
function nameFile(error: unknown, file: string): unknown {
  if (!(error instanceof DffError) || error.code !== 'STORE_CORRUPT') return error
  const remedy = 'Nothing was changed. Use another backup.'
  return new DffError({ ...error.parts, place: file, remedy }, { cause: error })
}

interface HomeRow {
  readonly homeId: string
  /** Nothing was ever installed, stored or run in it. */
  readonly isUntouched: number
}

/** Of the store that is there now; undefined when there is none or it cannot be read, which is what a restore is for. */
function readPresent(path: string): HomeRow | undefined {
  if (!existsSync(path)) return undefined
  try {
    const database = new Database(path, 5_000)
    try {
      return database.get<HomeRow>(
        `SELECT home_id AS homeId, NOT EXISTS (SELECT 1 FROM script_set) AND NOT EXISTS (SELECT 1 FROM secret)
           AND NOT EXISTS (SELECT 1 FROM task) AND NOT EXISTS (SELECT 1 FROM connector) AS isUntouched FROM home`,
      )
    } finally {
      database.close()
    }
  } catch {
    return undefined
  }
}

function checkHome(paths: HomePaths, row: BackupRow): void {
  const present = readPresent(paths.database)
  if (present === undefined || present.homeId === row.homeId || present.isUntouched === 1) return
  throw backupRefused(row.file, {
    expected: `a backup of this home (${present.homeId.slice(0, 8)})`,
    got: `one of the home ${row.homeId.slice(0, 8)}, which was ${row.home}`,
    remedy: 'Nothing was changed. Restore it into a home of its own with --home DIR.',
  })
}

async function checkKey(paths: HomePaths, database: Database, file: string): Promise<void> {
  const secrets = database.all<{ name: string; sealed: Uint8Array }>('SELECT name, sealed FROM secret')
  if (secrets.length === 0) return
  const key = await findKey(paths)
  const other = secrets.find(({ sealed }) => key === undefined || !isSealedBy(key, sealed))
  if (other === undefined) return
  throw new DffError({
    code: 'KEY_MISMATCH',
    place: file,
    expected: 'a backup whose secrets were sealed with the key of this home',
    got: `${other.name}, ${key === undefined ? 'and a home without a key' : 'sealed with another key'}`,
    remedy: `Nothing was changed. Put the key that belongs to the backup into ${paths.key} (or DFF_SECRET_KEY), then restore again.`,
  })
}

/**
 * Copies a backup beside the home's store, checks it and brings it to the present version; changes nothing else. Throws
 * BACKUP_REFUSED (no backup, of another home), KEY_MISMATCH (of another key) or STORE_CORRUPT (damaged, of a newer release).
 */
export async function stageBackup(paths: HomePaths, file: string): Promise<StagedBackup> {
  const path = `${paths.database}-restoring-${process.pid}`
  const discard = (): void => {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(path + suffix, { force: true })
  }
  try {
    clearLeftovers(paths)
    await copyBackup(file, path)
    const database = new Database(path, 0)
    try {
      checkStructure(database)
      checkVersion(database)
      checkArchive(database, file)
      const row = describeArchive(database, file)
      checkHome(paths, row)
      await checkKey(paths, database, file)
      const files = readArchive(database, file)
      stripArchive(database)
      migrate(database)
      checkContent(database)
      return { row, files, path, discard }
    } finally {
      database.close()
    }
  } catch (error) {
    discard()
    throw nameFile(error, file)
  }
}
