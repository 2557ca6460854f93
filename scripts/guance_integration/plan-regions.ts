import { type CostPlan, joinPlans } from 'guance-aws-lambda/dff'
import type { AwsRegion } from './aws-region.ts'
import { collectRegions } from './region-run.ts'

/** Plans each region, several at once, and joins them in the order given; one that cannot be planned is reported and left out. */
export async function planRegions(
  run: Parameters<typeof collectRegions>[0],
  plan: (region: AwsRegion) => Promise<CostPlan>,
): Promise<CostPlan> {
  const plans = new Map<string, CostPlan>()
  await collectRegions(run, async (region) => {
    plans.set(region.region, await plan(region))
    return { kind: 'collected', scope: region.scope, points: 0 }
  })
  return joinPlans(run.regions.flatMap((region) => plans.get(region) ?? []))
}
