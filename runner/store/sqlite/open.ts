import { chmodSync, closeSync, openSync, statSync } from 'node:fs'
import { DffError } from '../../../core/error.ts'
import type { Store } from '../store.ts'
import { checkContent, checkStructure } from './check.ts'
import { type CommitLimits, commitSlice } from './commit.ts'
import { sqliteConnectors } from './connectors.ts'
import { copyStore } from './copy.ts'
import { Database } from './database.ts'
import { checkVersion, migrate } from './migrate.ts'
import { sqliteOutbox } from './outbox.ts'
import { sqliteQueue } from './queue.ts'
import { sqliteRecords } from './records.ts'
import { Reserve } from './reserve.ts'
import { sqliteScripts } from './scripts.ts'
import { sqliteSecrets } from './secrets.ts'
import { sqliteSets } from './sets.ts'
import { StateUses } from './state-uses.ts'
import { sqliteState } from './state.ts'
import { sqliteTriggers } from './triggers.ts'
import { sqliteUsage } from './usage.ts'

/** A writer of another process holds the lock for milliseconds; 5 s is far beyond that and still noticed by a person. */
const BUSY_TIMEOUT_MS = 5_000
/** Compressed bytes waiting for a sink that is down: weeks of a large account, and a bound the disk must have anyway. */
const DEFAULT_MAX_OUTBOX_BYTES = 1024 ** 3
/** State of one script: far beyond the few megabytes of 10,000 functions, and a bound for a script that keeps adding keys. */
const DEFAULT_MAX_STATE_BYTES = 256 * 1024 ** 2
/** After a burst the write-ahead log is cut back to this, instead of keeping its largest size for ever. */
const WAL_LIMIT_BYTES = 64 * 1024 ** 2

const SETTINGS = `
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA journal_size_limit = ${WAL_LIMIT_BYTES};
`

/** Creates the file if needed, readable by its owner alone; SQLite gives its -wal and -shm the same mode. */
function secureFile(path: string): void {
  try {
    closeSync(openSync(path, 'a', 0o600))
    chmodSync(path, 0o600)
  } catch (error) {
    throw new DffError(
      {
        code: 'HOME_UNUSABLE',
        place: path,
        expected: 'a file that can be created and written',
        got: (error as NodeJS.ErrnoException).code ?? 'an error',
        remedy: 'Check that its folder exists and that the user who runs the host may write there.',
      },
      { cause: error },
    )
  }
}

function openDatabase(path: string, maxCheckedBytes: number): Database {
  secureFile(path)
  const isChecked = statSync(path).size <= maxCheckedBytes
  const database = new Database(path, BUSY_TIMEOUT_MS, new Reserve(`${path}-reserve`))
  try {
    database.script(SETTINGS)
    checkVersion(database)
    // Before anything is written to it.
    if (isChecked) checkStructure(database)
    migrate(database)
    if (isChecked) checkContent(database)
    database.holdReserve()
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

export interface StoreOptions extends CommitLimits {
  /** A file up to this size is read whole first, which takes a second for each gigabyte or two. */
  readonly maxCheckedBytes: number
}

/**
 * Opens the store in one SQLite file, creating or migrating it. Rejects with STORE_CORRUPT (not a database, damaged,
 * from a newer release), HOME_UNUSABLE (cannot be written) or HOME_BUSY (locked by another program).
 * `maxOutboxBytes` bounds the compressed bodies kept for each connector that has no bound of its own, dead ones included.
 */
export async function openSqliteStore(path: string, options: Partial<StoreOptions> = {}): Promise<Store> {
  const database = openDatabase(path, options.maxCheckedBytes ?? -1)
  const limits = {
    maxOutboxBytes: DEFAULT_MAX_OUTBOX_BYTES,
    maxStateBytes: DEFAULT_MAX_STATE_BYTES,
    ...options,
  }
  const uses = new StateUses(database)
  return {
    sets: sqliteSets(database),
    scripts: sqliteScripts(database),
    secrets: sqliteSecrets(database),
    connectors: sqliteConnectors(database),
    triggers: sqliteTriggers(database),
    queue: sqliteQueue(database),
    records: sqliteRecords(database),
    outbox: sqliteOutbox(database, limits.maxOutboxBytes),
    state: sqliteState(database, uses),
    usage: sqliteUsage(database),
    commit: async (commit) => {
      const result = commitSlice(database, commit, limits)
      // From now on its script is newer by this commit, and what it read before must not look older for it.
      if (result.kind === 'committed') uses.write()
      return result
    },
    copy: (to) => copyStore(path, to),
    close: async () => {
      uses.write()
      database.close()
    },
  }
}
