import { DffError } from '../../core/error.ts'
import { type EpochMs, formatTime } from '../../core/time.ts'
import type { HostHandlers } from '../host-api.ts'
import type { PauseResult, TriggerRow } from '../trigger/trigger-row.ts'
import type { HostParts } from '../host-parts.ts'
import type { StoredTrigger } from '../store/trigger-store.ts'
import { toTriggerRows } from '../trigger/row.ts'
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
  const { rows } = await toTriggerRows(parts.store, [await findTrigger(parts, triggerId)])
  const [row] = rows
  if (row === undefined) throw new TypeError(`trigger ${triggerId} has no row`)
  return row
}

/** All triggers after a pause or its end, once the scheduler has seen it. */
async function pauseResult(parts: HostParts): Promise<PauseResult> {
  const { scheduler, store } = parts
  await scheduler.refresh()
  const { rows, pause } = await toTriggerRows(store, await store.triggers.list())
  return { pause, triggers: rows }
}

function refusePast(untilMs: EpochMs | null, nowMs: EpochMs): void {
  if (untilMs === null || untilMs > nowMs) return
  throw new DffError({
    code: 'BAD_PARAMETER',
    place: '--until',
    expected: `a time after now, ${formatTime(nowMs)}`,
    got: formatTime(untilMs),
    remedy: 'Leave --until out to pause until dff trigger resume --all.',
  })
}

type TriggerMethods = 'trigger.list' | 'trigger.enable' | 'trigger.set' | 'trigger.pause' | 'trigger.resume'

/** Automatic trigger configurations. */
export function makeTriggerHandlers(parts: HostParts): Pick<HostHandlers, TriggerMethods> {
  const { triggers } = parts.store
  return {
    'trigger.list': async () => (await toTriggerRows(parts.store, await triggers.list())).rows,
    'trigger.pause': async ({ untilMs }) => {
      const nowMs = Date.now()
      refusePast(untilMs, nowMs)
      await triggers.setPause({ sinceMs: nowMs, untilMs })
      return pauseResult(parts)
    },
    'trigger.resume': async () => {
      await triggers.setPause(null)
      return pauseResult(parts)
    },
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
