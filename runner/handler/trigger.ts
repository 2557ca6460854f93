import type { HostHandlers, TriggerRow } from '../host-api.ts'
import type { HostParts } from '../host-parts.ts'
import type { StoredTrigger } from '../store/store.ts'
import { toTriggerRow } from '../trigger/row.ts'
import { parseSchedule } from '../trigger/schedule.ts'
import { unknownName } from './unknown-name.ts'

async function findTrigger(parts: HostParts, triggerId: string): Promise<StoredTrigger> {
  const found = await parts.store.triggers.get(triggerId)
  if (found !== undefined) return found
  const known = (await parts.store.triggers.list()).map((trigger) => trigger.triggerId)
  throw unknownName('trigger', triggerId, known, 'dff trigger list')
}

/** The trigger after a change, once the scheduler has seen it. */
async function changedRow(parts: HostParts, triggerId: string): Promise<TriggerRow> {
  await parts.scheduler.refresh()
  return toTriggerRow(parts.store, await findTrigger(parts, triggerId))
}

/** Automatic trigger configurations. */
export function makeTriggerHandlers(
  parts: HostParts,
): Pick<HostHandlers, 'trigger.list' | 'trigger.enable' | 'trigger.set'> {
  const { triggers } = parts.store
  return {
    'trigger.list': async () =>
      Promise.all((await triggers.list()).map((trigger) => toTriggerRow(parts.store, trigger))),
    'trigger.enable': async ({ triggerId, isEnabled }) => {
      await findTrigger(parts, triggerId)
      await triggers.setEnabled(triggerId, isEnabled)
      return changedRow(parts, triggerId)
    },
    'trigger.set': async ({ triggerId, cron, timezone }) => {
      const trigger = await findTrigger(parts, triggerId)
      parseSchedule(cron ?? trigger.fixedCronExpr, timezone ?? trigger.timezone, `trigger ${triggerId}`)
      await triggers.setOverride(triggerId, cron, timezone)
      return changedRow(parts, triggerId)
    },
  }
}
