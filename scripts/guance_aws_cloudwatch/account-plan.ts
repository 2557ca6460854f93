import { type CostPlan, joinPlans, type PlanQuestion, type RunContext } from 'guance-aws-lambda/dff'
import {
  type AwsAccount,
  type AwsRegion,
  planRegions,
  isFatal,
  reportProblem,
  resolveRegions,
} from 'guance-aws-lambda/sets/guance_integration'
import { ownedRegions } from './linked.ts'
import { planNamespace } from './namespace-plan.ts'
import { compileOptions, type ConfigsOption } from './plan-options.ts'
import { reportShort } from './plan-short.ts'
import type { CompiledConfigs } from './targets.ts'

interface AccountPlan {
  readonly context: RunContext
  readonly account: AwsAccount
  readonly compiled: CompiledConfigs
}

/** All namespaces of a region; one that cannot be listed is reported and left out. */
async function planRegion(
  { context, account, compiled }: AccountPlan,
  region: AwsRegion,
  { question, options }: { readonly question: PlanQuestion; readonly options: readonly ConfigsOption[] },
): Promise<CostPlan> {
  const plans: CostPlan[] = []
  for (const target of compiled.namespaces) {
    try {
      // One namespace after the other: they share the region's request rate.
      for (const owned of await ownedRegions(context, { account, region }, compiled, target)) {
        plans.push(await planNamespace({ context, ...owned, compiled, target }, question, options))
      }
    } catch (error) {
      context.signal.throwIfAborted()
      if (isFatal(error)) throw error
      reportProblem(context, error, `${region.scope}/${target.namespace}`)
    }
  }
  return joinPlans(plans)
}

/** What the polls of an account's metrics will ask for, its regions in their order. */
export async function planAccount(run: AccountPlan, question: PlanQuestion): Promise<CostPlan> {
  const { context, account, compiled } = run
  const namespaces = compiled.namespaces.map(({ namespace }) => namespace)
  const regions = await resolveRegions({ context, account, namespaces }, compiled.configs.regions)
  const options = compileOptions(compiled.configs)
  const plan = await planRegions({ context, account, regions }, async (region) =>
    planRegion(run, region, { question, options }),
  )
  reportShort({ context, accountId: account.accountId, configs: compiled.configs }, plan, question)
  return plan
}
