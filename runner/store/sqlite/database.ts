import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { DffError, type ErrorParts } from '../../../core/error.ts'

/** SQLite's primary result codes that a user can do something about (sqlite.org/rescode.html). */
const EXPLAINED: Readonly<Record<number, Omit<ErrorParts, 'place'>>> = {
  5: {
    code: 'HOME_BUSY',
    expected: 'its turn to write within 5 s',
    got: 'a database that another program keeps locked',
    remedy: 'Close what else has this file open, a database browser or a backup, and try again.',
  },
  8: {
    code: 'HOME_UNUSABLE',
    expected: 'a file that can be written',
    got: 'a read-only database',
    remedy: 'Give the user who runs the host write access to this file and to its folder.',
  },
  11: {
    code: 'STORE_CORRUPT',
    expected: 'an intact database',
    got: 'a damaged one',
    remedy:
      'Move the file and its -wal and -shm neighbours away, restore a backup, or start with a new home.',
  },
  13: {
    code: 'HOME_UNUSABLE',
    expected: 'room for the next write',
    got: 'a full disk',
    remedy: 'Free some space; nothing was half-written, and delivery goes on by itself.',
  },
  14: {
    code: 'HOME_UNUSABLE',
    expected: 'a file that can be opened for writing',
    got: 'a path that cannot be opened',
    remedy: 'Check that its folder exists and that the user who runs the host may write there.',
  },
  26: {
    code: 'STORE_CORRUPT',
    expected: 'a database of the host',
    got: 'a file that is not a database',
    remedy: 'Move the file away and start again, or name another home with --home.',
  },
}

/** A database error as a DffError that names the file; what is not in the table is a fault of ours and stays as it is. */
function explain(thrown: unknown, path: string): unknown {
  const errcode = (thrown as { readonly errcode?: unknown } | null)?.errcode
  // The low byte is the primary code; the rest only refines it.
  const parts = typeof errcode === 'number' ? EXPLAINED[errcode & 0xff] : undefined
  return parts === undefined ? thrown : new DffError({ ...parts, place: path }, { cause: thrown })
}

/**
 * One connection with prepared statements kept by their text. node:sqlite is synchronous, so a transaction is a plain
 * function and nothing of this process can come between. The row types given by callers are kept by STRICT tables.
 */
export class Database {
  readonly path: string
  readonly #connection: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(path: string, busyTimeoutMs: number) {
    this.path = path
    this.#connection = this.#guard(() => new DatabaseSync(path, { timeout: busyTimeoutMs }))
  }

  /** Statements without parameters; for pragmas and migrations. */
  script(sql: string): void {
    this.#guard(() => this.#connection.exec(sql))
  }

  run(sql: string, ...values: SQLInputValue[]): number {
    return this.#guard(() => Number(this.#prepare(sql).run(...values).changes))
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as in `all`: the caller knows the row, STRICT tables keep it
  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#guard(() => this.#prepare(sql).get(...values) as Row | undefined)
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    // Copied because node:sqlite makes rows without a prototype, and these leave the store.
    return this.#guard(() =>
      this.#prepare(sql)
        .all(...values)
        .map((row) => ({ ...row }) as Row),
    )
  }

  /** All of `body` or nothing of it. IMMEDIATE takes the write lock first, where the busy timeout still helps. */
  write<T>(body: () => T): T {
    this.script('BEGIN IMMEDIATE')
    try {
      const value = body()
      this.script('COMMIT')
      return value
    } catch (error) {
      // A full disk or an I/O error has rolled back by itself already.
      if (this.#connection.isTransaction) this.script('ROLLBACK')
      throw error
    }
  }

  /** As `write`, without waiting for the disk: a power cut may take it back, a crash of the process does not. */
  writeRelaxed<T>(body: () => T): T {
    this.script('PRAGMA synchronous = NORMAL')
    try {
      return this.write(body)
    } finally {
      this.script('PRAGMA synchronous = FULL')
    }
  }

  /** As `write`, and what it replaces is overwritten in the file and gone from the write-ahead log. */
  writeScrubbed<T>(body: () => T): T {
    this.script('PRAGMA secure_delete = ON')
    try {
      return this.write(body)
    } finally {
      this.script('PRAGMA secure_delete = OFF')
      this.script('PRAGMA wal_checkpoint(TRUNCATE)')
    }
  }

  close(): void {
    this.#statements.clear()
    if (this.#connection.isOpen) this.#connection.close()
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#connection.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  #guard<T>(body: () => T): T {
    try {
      return body()
    } catch (error) {
      throw explain(error, this.path)
    }
  }
}
