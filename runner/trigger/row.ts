import type { EpochMs } from '../../core/time.ts'
import type { PauseRow, TriggerRow } from './trigger-row.ts'
import type { Store } from '../store/store.ts'
import type { StoredTrigger, TriggerPause } from '../store/trigger-store.ts'
import { effectiveCron, isPausedAt } from './mark.ts'
import { scheduleOf } from './scheduler.ts'

function nextTickMs(trigger: StoredTrigger, pause: TriggerPause | null, nowMs: EpochMs): number | null {
  if (!trigger.isEnabled) return null
  const isPaused = isPausedAt(pause, nowMs)
  if (isPaused && pause?.untilMs === null) return null
  try {
    // The end of the pause itself counts.
    return scheduleOf(trigger).next(isPaused ? (pause?.untilMs ?? nowMs) - 1 : nowMs)
  } catch {
    // A zone this Node no longer knows: the list must still show the trigger so that it can be corrected.
    return null
  }
}

/** The pause that holds now. */
export async function currentPause(store: Store): Promise<PauseRow | null> {
  const pause = await store.triggers.pause()
  return isPausedAt(pause, Date.now()) ? pause : null
}

/** A trigger as `dff trigger list` shows it, with its next tick and what became of its function's last task, whoever started it. */
export async function toTriggerRow(store: Store, trigger: StoredTrigger): Promise<TriggerRow> {
  const [last] = await store.records.list({ limit: 1, funcId: trigger.funcId, status: null })
  const pause = await store.triggers.pause()
  const nowMs = Date.now()
  const { mark: _mark, ...shown } = trigger
  return {
    ...shown,
    cronExpr: effectiveCron(trigger),
    isPaused: isPausedAt(pause, nowMs),
    nextTickMs: nextTickMs(trigger, pause, nowMs),
    lastStatus: last?.status ?? null,
  }
}
