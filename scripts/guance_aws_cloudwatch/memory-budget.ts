import type { RunContext } from 'guance-aws-lambda/dff'
import { WeightedGate } from 'guance-aws-lambda/sets/guance_integration'
import { MAX_DATAPOINTS } from './works.ts'

/** Lets slices of different regions run beside each other as far as their datapoints fit in memory together; gone with the run. */
const budgetOfRun = new WeakMap<RunContext, WeightedGate>()

/** Shared by all regions of a run. */
export function memoryBudget(context: RunContext): WeightedGate {
  const known = budgetOfRun.get(context)
  if (known !== undefined) return known
  const made = new WeightedGate(MAX_DATAPOINTS)
  budgetOfRun.set(context, made)
  return made
}
