/**
 * `--import`ed into a host where no small disk can be mounted: while the file that FULL_DISK_FLAG names is there, every
 * transaction fails as SQLite's does on a full disk.
 */
import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** sqlite.org/rescode.html#full */
const SQLITE_FULL = 13

const flag = process.env['FULL_DISK_FLAG'] ?? ''
const database: { exec: (this: DatabaseSync, sql: string) => void } = DatabaseSync.prototype
const exec = database.exec

database.exec = function execOnFullDisk(sql) {
  // The lock of the home is no write, and a start must get as far as it does on a full disk.
  if (sql.startsWith('BEGIN IMMEDIATE') && existsSync(flag)) {
    throw Object.assign(new Error('database or disk is full'), {
      code: 'ERR_SQLITE_ERROR',
      errcode: SQLITE_FULL,
      errstr: 'database or disk is full',
    })
  }
  exec.call(this, sql)
}
