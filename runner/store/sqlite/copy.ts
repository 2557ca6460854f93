import { closeSync, openSync, rmSync } from 'node:fs'
import { backup, DatabaseSync } from 'node:sqlite'
import { checkContent, checkStructure } from './check.ts'
import { Database, explain } from './database.ts'

/** In one step, so that the copy is of one moment; writers of a store with a write-ahead log do not wait for it. */
const ALL_PAGES = 2 ** 31 - 1

/**
 * Copies a store that may be in use into a new file, readable by its owner alone, as of one moment, and reads the copy:
 * rejects with STORE_CORRUPT for one of a damaged store, HOME_UNUSABLE where it cannot be written. A single file, without
 * a log beside it.
 */
export async function copyStore(from: string, to: string): Promise<void> {
  closeSync(openSync(to, 'wx', 0o600))
  try {
    await copyPages(from, to)
    checkCopy(to)
  } catch (error) {
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(to + suffix, { force: true })
    throw explain(error, to)
  }
}

async function copyPages(from: string, to: string): Promise<void> {
  const source = new DatabaseSync(from, { readOnly: true })
  try {
    await backup(source, to, { rate: ALL_PAGES })
  } finally {
    source.close()
  }
}

function checkCopy(to: string): void {
  const copy = new Database(to, 0)
  try {
    copy.script('PRAGMA journal_mode = DELETE')
    checkStructure(copy)
    checkContent(copy)
  } finally {
    copy.close()
  }
}
