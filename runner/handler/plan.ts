import { checkBackfill } from '../backfill.ts'
import { checkScriptFile, planFunction } from '../cost/plan-function.ts'
import { readPriceList } from '../cost/price-list.ts'
import { comparePlans } from '../cost/price-plan.ts'
import type { HostHandlers } from '../host-api.ts'
import type { HostParts } from '../host-parts.ts'
import { resolveTarget } from '../target.ts'

/** What a deployed script will cost, and another text of it beside it. */
export function makePlanHandlers(parts: HostParts): Pick<HostHandlers, 'plan'> {
  return {
    plan: async ({ target, backfill, compare }, _onEvent, signal) => {
      const atMs = Date.now()
      const window = backfill === null ? {} : { backfill: checkBackfill(backfill, atMs) }
      const { funcId } = await resolveTarget(parts, target)
      if (compare !== null) await checkScriptFile(compare)
      const prices = await readPriceList(parts.paths.prices)
      const request = { funcId, prices, atMs, signal, ...window }
      const plan = await planFunction(parts, request)
      if (compare === null) return { plan, other: null, change: null }
      // One after the other: their calls share the same limits at AWS.
      const other = await planFunction(parts, { ...request, scriptPath: compare })
      return { plan, other, change: comparePlans(plan, other) }
    },
  }
}
