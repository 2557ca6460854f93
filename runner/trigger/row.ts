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

async function toTriggerRow(
  store: Store,
  trigger: StoredTrigger,
  pause: TriggerPause | null,
): Promise<TriggerRow> {
  const [last] = await store.records.list({ limit: 1, funcId: trigger.funcId, status: null })
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

/** Triggers as `dff trigger list` shows them, each with its next tick and what became of its function's last task, whoever started it; and the pause that holds now. */
export async function toTriggerRows(
  store: Store,
  triggers: readonly StoredTrigger[],
): Promise<{ readonly rows: readonly TriggerRow[]; readonly pause: PauseRow | null }> {
  const pause = await store.triggers.pause()
  const rows = await Promise.all(triggers.map((trigger) => toTriggerRow(store, trigger, pause)))
  return { rows, pause: isPausedAt(pause, Date.now()) ? pause : null }
}
