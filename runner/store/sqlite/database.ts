import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { DffError, type ErrorParts } from '../../../core/error.ts'
import type { Reserve } from './reserve.ts'

/** What a user does about a damaged store, wherever the damage is noticed. */
export const DAMAGED_REMEDY =
  'Restore a backup with dff restore FILE; the damaged file is kept beside it. Without one, move host.db, host.db-wal and host.db-shm away and install again: the last three hours are collected again, and what waited for delivery is lost.'

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
  10: {
    code: 'HOME_UNUSABLE',
    expected: 'a disk that reads and writes',
    got: 'an I/O error of the system (a quota, a limit on file sizes, or a failing disk)',
    remedy:
      'Look at the quota of this user, the limits of this process and the kernel log; nothing was half-written, and work goes on by itself once the disk does.',
  },
  11: {
    code: 'STORE_CORRUPT',
    expected: 'an intact database',
    got: 'a damaged one',
    remedy: DAMAGED_REMEDY,
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
    remedy: DAMAGED_REMEDY,
  },
}

const SQLITE_FULL = 13

function isFull(error: unknown): boolean {
  const cause =
    error instanceof DffError ? (error.cause as { readonly errcode?: number } | undefined) : undefined
  return ((cause?.errcode ?? 0) & 0xff) === SQLITE_FULL
}

/** A database error as a DffError that names the file; what is not in the table is a fault of ours and stays as it is. */
export function explain(thrown: unknown, path: string): unknown {
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
  readonly #busyTimeoutMs: number
  readonly #reserve: Reserve | undefined
  readonly #statements = new Map<string, StatementSync>()

  constructor(path: string, busyTimeoutMs: number, reserve?: Reserve) {
    this.path = path
    this.#busyTimeoutMs = busyTimeoutMs
    this.#reserve = reserve
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

  /** Row by row, for tables that do not fit in memory; nothing may be written meanwhile. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as in `all`
  *each<Row>(sql: string): Generator<Row> {
    const rows = this.#guard(() => this.#connection.prepare(sql).iterate())
    for (;;) {
      const next = this.#guard(() => rows.next())
      if (next.done === true) return
      yield next.value as Row
    }
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

  /** As `write`, for what lets the store shrink: on a full disk it may use the room that is reserved for it. */
  writeFreeing<T>(body: () => T): T {
    try {
      return this.write(body)
    } catch (error) {
      if (!isFull(error) || this.#reserve?.release() !== true) throw error
      // The log is folded into the file and starts anew: from now on it needs no more room than it had.
      this.script('PRAGMA wal_checkpoint(TRUNCATE)')
      return this.write(body)
    }
  }

  /** Takes room for `writeFreeing`, where there is enough and none is held. */
  holdReserve(): void {
    this.#reserve?.hold()
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

  /** As `writeRelaxed`, for what may as well be written later: false where the file is locked, full or otherwise unfit to be written now. */
  writeIfPossible(body: () => void): boolean {
    if (!this.#connection.isOpen) return false
    this.script('PRAGMA busy_timeout = 0')
    try {
      this.writeRelaxed(body)
      return true
    } catch (error) {
      if (error instanceof DffError) return false
      throw error
    } finally {
      this.script(`PRAGMA busy_timeout = ${this.#busyTimeoutMs}`)
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
