import { type CostPlan, DffError, joinPlans, type PlanQuestion, type RunContext } from 'guance-aws-lambda/dff'
import { makeProblem } from './aws-error.ts'
import type { Collector } from './collector.ts'
import { isFatal } from './region-run.ts'

/**
 * The plans of all collectors, in the order in which they run: metrics take what they need to know of functions from the
 * objects before them. One that fails is reported; rejects with its error when none is left.
 */
export async function planAll(
  context: RunContext,
  collectors: readonly Collector[],
  question: PlanQuestion,
): Promise<CostPlan> {
  const plans: CostPlan[] = []
  let first: unknown
  for (const collector of collectors) {
    try {
      // One after the other: see above.
      if (collector.plan !== undefined) plans.push(await collector.plan(context, question))
    } catch (error) {
      context.signal.throwIfAborted()
      if (isFatal(error)) throw error
      first ??= error
      const { message } = error instanceof Error ? error : new Error(String(error))
      context.report(
        error instanceof DffError
          ? { code: error.code, severity: 'error', scope: collector.name, message }
          : makeProblem(error, collector.name),
      )
    }
  }
  if (plans.length === 0 && first !== undefined) throw first
  return joinPlans(plans)
}
