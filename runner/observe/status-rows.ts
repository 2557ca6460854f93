/** Rows of `dff status` that are the same figures as `/metrics`. */
import type { Usage } from '../../core/script.ts'
import type { EpochMs } from '../../core/time.ts'
import type { TaskStatus } from '../host-api.ts'

/** How far the newest acknowledged point of a measurement lies behind now. */
export interface LagRow {
  readonly scriptId: string
  readonly measurement: string
  readonly newestPointMs: EpochMs
  readonly lagMs: number
}

/** What went wrong, and how often: a problem that a task reported, an exception that ended one, a refusal of a sink. */
export interface ErrorCount {
  readonly source: 'problem' | 'task' | 'delivery'
  readonly kind: string
  readonly count: number
}

/** What this owner of the home has counted since it began; a command that owns it for its own duration starts at nothing. */
export interface Activity {
  readonly sinceMs: EpochMs
  readonly tasks: Readonly<Partial<Record<TaskStatus, number>>>
  readonly calls: readonly Usage[]
  /** Requests to sinks by what became of them, `accepted` first among them. */
  readonly deliveries: Readonly<Record<string, number>>
  readonly errors: readonly ErrorCount[]
}
