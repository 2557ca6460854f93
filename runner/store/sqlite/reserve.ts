import { rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Twice what the write-ahead log grows to before SQLite folds it into the file (1,000 pages of 4 KiB). */
const RESERVE_BYTES = 8 * 1024 ** 2

/** Held only where it is small change: a disk with less than this free is about to need it. */
const MIN_FREE_BYTES = 8 * RESERVE_BYTES

/**
 * A file that does nothing but take room. When our own backlog has filled the disk, writing down that a batch was
 * delivered needs room too: this is given up for it, and without it the backlog could never shrink.
 */
export class Reserve {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** Takes the room where there is enough; never fails: a host runs without it. */
  hold(): void {
    try {
      if ((statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0) === RESERVE_BYTES) return
      const { bavail, bsize } = statfsSync(dirname(this.#path))
      if (bavail * bsize < MIN_FREE_BYTES) return
      // Written, because a hole takes no room.
      writeFileSync(this.#path, Buffer.alloc(RESERVE_BYTES, 1), { mode: 0o600 })
    } catch {
      // Half a reserve is none.
      rmSync(this.#path, { force: true })
    }
  }

  /** Gives the room up; false when there was none. */
  release(): boolean {
    if (statSync(this.#path, { throwIfNoEntry: false }) === undefined) return false
    rmSync(this.#path)
    return true
  }
}
