import { startupScriptId } from '../home.ts'
import type { ApiFunctionInfo } from '../host-api.ts'
import type { StoredTrigger, TriggerStore } from '../store/store.ts'
import { parseSchedule } from '../trigger/schedule.ts'

type DeclaredTrigger = Pick<StoredTrigger, 'triggerId' | 'funcId' | 'title' | 'fixedCronExpr' | 'timezone'>

/** `cron-startup-guance_aws_lambda` for run, with the export's name behind it for any other function. */
function triggerIdOf(setId: string, funcId: string): string {
  const name = funcId.split('.').at(-1) ?? ''
  return name === 'run' ? `cron-startup-${setId}` : `cron-startup-${setId}-${name}`
}

/** The triggers that a script's functions ask for; throws BAD_CRON naming the function. */
export function declaredTriggers(setId: string, functions: readonly ApiFunctionInfo[]): DeclaredTrigger[] {
  return functions.flatMap((api) => {
    if (api.fixedCronExpr === null) return []
    parseSchedule(api.fixedCronExpr, api.timezone, `${api.funcId}: fixedCronExpr`)
    const { funcId, title, fixedCronExpr, timezone } = api
    return [{ triggerId: triggerIdOf(setId, funcId), funcId, title, fixedCronExpr, timezone }]
  })
}

/**
 * Brings the trigger rows of a set in line with what its Startup script declared when it was last loaded; what the user
 * set (override, disabled) stays. Returns how to undo it, for a deploy that fails afterwards.
 */
export async function storeTriggers(
  triggers: TriggerStore,
  setId: string,
  declared: readonly DeclaredTrigger[],
): Promise<() => Promise<void>> {
  const prefix = `${startupScriptId(setId)}.`
  const before = (await triggers.list()).filter((trigger) => trigger.funcId.startsWith(prefix))
  const without = (these: readonly DeclaredTrigger[], those: readonly DeclaredTrigger[]): DeclaredTrigger[] =>
    these.filter((trigger) => !those.some((other) => other.triggerId === trigger.triggerId))
  // One after another: each is a small transaction, and a script has one or two triggers.
  for (const trigger of declared) await triggers.upsert(trigger)
  for (const trigger of without(before, declared)) await triggers.remove(trigger.triggerId)
  return async () => {
    for (const trigger of without(declared, before)) await triggers.remove(trigger.triggerId)
    for (const trigger of before) await triggers.upsert(trigger)
  }
}
