import type { EpochMs } from '../../core/time.ts'
import type { TaskStatus } from '../host-api.ts'

/** A trigger as its commands show it. */
export interface TriggerRow {
  readonly triggerId: string
  readonly funcId: string
  readonly title: string
  /** What counts: the override if there is one, else the script's own. */
  readonly cronExpr: string
  readonly fixedCronExpr: string
  readonly cronOverride: string | null
  readonly timezone: string
  readonly isEnabled: boolean
  /** With every other: the pause is the home's. */
  readonly isPaused: boolean
  readonly lastTickMs: EpochMs | null
  readonly nextTickMs: EpochMs | null
  readonly lastStatus: TaskStatus | null
}

/** The pause of all triggers. */
export interface PauseRow {
  readonly sinceMs: EpochMs
  /** Null: until they are resumed. */
  readonly untilMs: EpochMs | null
}

export interface PauseResult {
  readonly pause: PauseRow | null
  readonly triggers: readonly TriggerRow[]
}
