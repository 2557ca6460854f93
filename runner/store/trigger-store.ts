/** The part of the store's contract (store.ts) that is about triggers. */
import type { EpochMs } from '../../core/time.ts'

/** A trigger's schedule as the scheduler saw it last, and from when on its ticks count: it is new, enabled or changed since then. */
export interface ScheduleMark {
  readonly key: string
  readonly sinceMs: EpochMs
}

/** No trigger of the home runs by itself; without an end until somebody resumes them. */
export interface TriggerPause {
  readonly sinceMs: EpochMs
  readonly untilMs: EpochMs | null
}

export interface StoredTrigger {
  readonly triggerId: string
  readonly funcId: string
  readonly title: string
  readonly fixedCronExpr: string
  readonly cronOverride: string | null
  readonly timezone: string
  readonly isEnabled: boolean
  readonly lastTickMs: EpochMs | null
  /** Null until a scheduler has seen it. */
  readonly mark: ScheduleMark | null
}

/** What a Startup script says of a trigger; the rest is what the user and the clock made of it. */
export type DeclaredTrigger = Pick<
  StoredTrigger,
  'triggerId' | 'funcId' | 'title' | 'fixedCronExpr' | 'timezone'
>

/** Triggers that a script declares now; `ScriptStore.put` makes them. */
export interface TriggerStore {
  get(triggerId: string): Promise<StoredTrigger | undefined>
  list(): Promise<readonly StoredTrigger[]>
  setEnabled(triggerId: string, isEnabled: boolean): Promise<void>
  setOverride(triggerId: string, cron: string | null, timezone: string | null): Promise<void>
  setMark(triggerId: string, mark: ScheduleMark): Promise<void>
  /** After the clock was set back: ticks that lie after `nowMs` may be made again, and the last tick is the last one before it. */
  rewind(triggerId: string, nowMs: EpochMs): Promise<void>
  pause(): Promise<TriggerPause | null>
  setPause(pause: TriggerPause | null): Promise<void>
  /** Forgets a pause that has run out by then, and no other. */
  expirePause(nowMs: EpochMs): Promise<void>
}
