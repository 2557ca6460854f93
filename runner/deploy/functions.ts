import type { ApiFunctionInfo } from '../host-api.ts'
import type { DeclaredTrigger } from '../store/trigger-store.ts'
import { parseSchedule } from '../trigger/schedule.ts'

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
