/**
 * The file that `dff backup` writes: the store as one SQLite file, and beside its tables two of our own with the files
 * that the store's rows stand for. The key is not among them.
 */
import { statSync } from 'node:fs'
import { DffError } from '../../core/error.ts'
import type { EpochMs } from '../../core/time.ts'
import type { Database } from '../store/sqlite/database.ts'
import type { BackupRow } from './backup-row.ts'

const TABLES = `
CREATE TABLE backup_info (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  created_at_ms INTEGER NOT NULL,
  home TEXT NOT NULL,
  version TEXT NOT NULL
) STRICT;
CREATE TABLE backup_file (
  path TEXT PRIMARY KEY,
  content BLOB NOT NULL
) STRICT;
`

/** A file of the home by its path from the home's root, with forward slashes. */
export interface ArchivedFile {
  readonly path: string
  readonly content: Uint8Array
}

export interface ArchiveInfo {
  readonly createdAtMs: EpochMs
  readonly home: string
  readonly version: string
}

export function writeArchive(database: Database, info: ArchiveInfo, files: readonly ArchivedFile[]): void {
  database.write(() => {
    database.script(TABLES)
    const { createdAtMs, home, version } = info
    const sql = 'INSERT INTO backup_info (id, created_at_ms, home, version) VALUES (1, ?, ?, ?)'
    database.run(sql, createdAtMs, home, version)
    for (const { path, content } of files) {
      database.run('INSERT INTO backup_file (path, content) VALUES (?, ?)', path, content)
    }
  })
}

export function backupRefused(
  place: string,
  parts: Readonly<Record<'expected' | 'got' | 'remedy', string>>,
): DffError {
  return new DffError({ code: 'BACKUP_REFUSED', place, ...parts })
}

function hasTable(database: Database, name: string): boolean {
  return database.get(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?`, name) !== undefined
}

/** Throws BACKUP_REFUSED naming `file` for a database that dff backup did not make. */
export function checkArchive(database: Database, file: string): void {
  if (['backup_info', 'backup_file', 'home'].every((table) => hasTable(database, table))) return
  throw backupRefused(file, {
    expected: 'a file that dff backup has made',
    got: 'another database',
    remedy: 'Name a backup. A copy of host.db itself is put back by moving it there while no host runs.',
  })
}

/** What the archive holds; `file` is the name to show. */
export function describeArchive(database: Database, file: string): BackupRow {
  const row = database.get<Omit<BackupRow, 'file' | 'bytes'>>(
    `SELECT created_at_ms AS createdAtMs, home, (SELECT home_id FROM home) AS homeId,
       (SELECT count(*) FROM script_set) AS sets, (SELECT count(*) FROM startup_script) AS scripts,
       (SELECT count(*) FROM secret) AS secrets, (SELECT count(*) FROM task) AS tasks,
       (SELECT coalesce(sum(points), 0) FROM batch WHERE state <> 'dead') AS waitingPoints
     FROM backup_info`,
  )
  if (row === undefined) throw new TypeError(`${database.path} has no backup_info`)
  return { file, bytes: statSync(database.path).size, ...row }
}

/** `startup/a.ts`, `sets/<id>/<digest>/main.ts`; what climbs out, hides or is absolute is none of ours. */
const SAFE_PATH = /^(startup|sets)(\/[^./\\][^/\\]*)+$/

export function isSafePath(path: string): boolean {
  return SAFE_PATH.test(path)
}

/** The archived files; throws BACKUP_REFUSED for a path that leads anywhere else. */
export function readArchive(database: Database, file: string): ArchivedFile[] {
  const files = database.all<ArchivedFile>('SELECT path, content FROM backup_file ORDER BY path')
  const wrong = files.find(({ path }) => !isSafePath(path))
  if (wrong === undefined) return files
  throw backupRefused(file, {
    expected: 'files of startup/ and of sets alone',
    got: JSON.stringify(wrong.path),
    remedy: 'Somebody has changed this file: do not use it.',
  })
}

/** Makes the store of an archive out of it. */
export function stripArchive(database: Database): void {
  database.write(() => database.script('DROP TABLE backup_info; DROP TABLE backup_file'))
}
