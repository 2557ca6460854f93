import type { EpochMs } from '../../core/time.ts'

/** What is in a backup, as its commands show it. */
export interface BackupRow {
  readonly file: string
  readonly bytes: number
  readonly createdAtMs: EpochMs
  /** Folder of the home that it was made of. */
  readonly home: string
  readonly homeId: string
  readonly sets: number
  readonly scripts: number
  readonly secrets: number
  readonly tasks: number
  /** Points that no sink had acknowledged. */
  readonly waitingPoints: number
}

export interface RestoreResult extends BackupRow {
  /** Where the database that was there before is kept; null when there was none. */
  readonly replaced: string | null
  /** Files of `startup/` and of sets that were missing and are there again, from the home's root. */
  readonly restoredFiles: readonly string[]
  /** Files of `startup/` that differ from the backup's and were left as they are. */
  readonly keptFiles: readonly string[]
  /** Whether the host that lent its home runs on it again; null when none ran. */
  readonly isHostBack: boolean | null
}
