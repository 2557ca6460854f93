import { type CostPlan, joinPlans, type PlanQuestion, type RunContext } from 'guance-aws-lambda/dff'
import type { Step } from './account-lanes.ts'
import { reportProblem } from './aws-error.ts'
import type { Collector } from './collector.ts'
import { alongCollectors } from './open-lanes.ts'
import { isFatal } from './region-run.ts'

/**
 * The plans of all collectors, those of an account in the order in which they run: metrics take what they need to know of
 * functions from the objects before them. One that fails is reported; rejects with its error when none is left.
 */
export async function planAll(
  context: RunContext,
  collectors: readonly Collector[],
  question: PlanQuestion,
): Promise<CostPlan> {
  const plans: (CostPlan | undefined)[] = []
  let first: unknown
  const step: Step = async ({ collector, index }) => {
    try {
      plans[index] = await collector.plan?.(context, question)
    } catch (error) {
      context.signal.throwIfAborted()
      if (isFatal(error)) throw error
      first ??= error
      reportProblem(context, error, collector.name)
    }
  }
  await alongCollectors(context, collectors, { step })
  const made = plans.filter((plan) => plan !== undefined)
  if (made.length === 0 && first !== undefined) throw first
  return joinPlans(made)
}
