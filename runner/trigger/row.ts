import type { TriggerRow } from '../host-api.ts'
import type { Store, StoredTrigger } from '../store/store.ts'
import { effectiveCron, scheduleOf } from './scheduler.ts'

function nextTickMs(trigger: StoredTrigger): number | null {
  if (!trigger.isEnabled) return null
  try {
    return scheduleOf(trigger).next(Date.now())
  } catch {
    // A zone this Node no longer knows: the list must still show the trigger so that it can be corrected.
    return null
  }
}

/** A trigger as `dff trigger list` shows it, with its next tick and what became of its function's last task, whoever started it. */
export async function toTriggerRow(store: Store, trigger: StoredTrigger): Promise<TriggerRow> {
  const [last] = await store.records.list({ limit: 1, funcId: trigger.funcId, status: null })
  return {
    ...trigger,
    cronExpr: effectiveCron(trigger),
    nextTickMs: nextTickMs(trigger),
    lastStatus: last?.status ?? null,
  }
}
