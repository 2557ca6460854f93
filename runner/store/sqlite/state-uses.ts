import { DAY_MS, type EpochMs } from '../../../core/time.ts'
import type { Database } from './database.ts'

/** What is read at every poll is written down as used once a week: nobody prunes what is younger. */
const NOTE_USE_EVERY_MS = 7 * DAY_MS

/** Uses kept in memory until they are written: a few megabytes, and half a second of the host's thread. */
const MAX_USES = 10_000

interface Use {
  readonly scriptId: string
  readonly key: string
  readonly usedMs: EpochMs
}

function writeUse(database: Database, { scriptId, key, usedMs }: Use): void {
  database.run(
    'UPDATE state SET updated_at_ms = ? WHERE script_id = ? AND key = ? AND updated_at_ms < ?',
    usedMs,
    scriptId,
    key,
    usedMs,
  )
}

/**
 * Which keys of state were used and are not yet written down as such. Reading must not write: it would wait for whoever
 * holds the database, and fail on a full disk. What a kill takes is noted by the next reading.
 */
export class StateUses {
  readonly #database: Database
  readonly #uses = new Map<string, Use>()
  #isMissing = false

  constructor(database: Database) {
    this.#database = database
  }

  /** Remembers a use of what was written at `updatedAtMs`, where it is worth noting. */
  note(use: Use, updatedAtMs: EpochMs): void {
    if (use.usedMs - updatedAtMs <= NOTE_USE_EVERY_MS) return
    const id = JSON.stringify([use.scriptId, use.key])
    if (this.#uses.size < MAX_USES || this.#uses.has(id)) this.#uses.set(id, use)
    else this.#isMissing = true
  }

  /** Writes down what is noted, where that is possible at once; false where it is not, and the notes stay. */
  write(): boolean {
    if (this.#uses.size === 0) return true
    const isWritten = this.#database.writeIfPossible(() => {
      for (const use of this.#uses.values()) writeUse(this.#database, use)
    })
    if (isWritten) this.#uses.clear()
    return isWritten
  }

  /** As `write`, for who takes for unused what is not written down as used: false also where there was no room for a note, which the next reading makes again. */
  writeAll(): boolean {
    if (!this.write()) return false
    const isMissing = this.#isMissing
    this.#isMissing = false
    return !isMissing
  }
}
