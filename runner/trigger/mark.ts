import type { EpochMs } from '../../core/time.ts'
import type { ScheduleMark, StoredTrigger, TriggerPause } from '../store/trigger-store.ts'

/** What counts: the user's override if there is one, else the script's own. */
export function effectiveCron(trigger: StoredTrigger): string {
  return trigger.cronOverride ?? trigger.fixedCronExpr
}

/** Whether the pause holds at this time; one that has run out may still be stored. */
export function isPausedAt(pause: TriggerPause | null, nowMs: EpochMs): boolean {
  return pause !== null && (pause.untilMs === null || nowMs < pause.untilMs)
}

/** From when on ticks count that a change lets through: the end of a pause that ran out, itself included, else now. */
function changedSinceMs(pause: TriggerPause | null, nowMs: EpochMs): EpochMs {
  if (pause === null || pause.untilMs === null || isPausedAt(pause, nowMs)) return nowMs
  return Math.max(pause.sinceMs, pause.untilMs - 1)
}

/**
 * The mark that a trigger should carry now. A trigger that is new, enabled, resumed or rescheduled starts with its next
 * tick; one whose mark lies in the future was marked by a clock that has been set back, and must not wait for it.
 */
export function markOf(trigger: StoredTrigger, pause: TriggerPause | null, nowMs: EpochMs): ScheduleMark {
  const runs = trigger.isEnabled && !isPausedAt(pause, nowMs)
  const key = `${runs ? 'runs' : 'rests'} ${effectiveCron(trigger)} ${trigger.timezone}`
  const { mark, lastTickMs } = trigger
  // It ran before marks were kept: what it missed counts from its last tick.
  if (mark === null && lastTickMs !== null) return { key, sinceMs: Math.min(lastTickMs, nowMs) }
  if (mark?.key === key && mark.sinceMs <= nowMs) return mark
  return { key, sinceMs: changedSinceMs(pause, nowMs) }
}
