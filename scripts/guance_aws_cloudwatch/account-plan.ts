import { type CostPlan, DAY_MS, joinPlans, type PlanQuestion, type RunContext } from 'guance-aws-lambda/dff'
import {
  type AwsAccount,
  type AwsRegion,
  collectRegions,
  isFatal,
  reportProblem,
  resolveRegions,
} from 'guance-aws-lambda/sets/guance_integration'
import { LEVELS } from './degrade.ts'
import { ownedRegions } from './linked.ts'
import { planNamespace } from './namespace-plan.ts'
import { compileOptions, type ConfigsOption } from './plan-options.ts'
import type { CompiledConfigs } from './targets.ts'

/** As the host counts a month. */
const MONTH_MS = 30 * DAY_MS

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

function billedOf({ metrics }: CostPlan, every: string): number {
  return metrics.reduce((sum, row) => sum + (row.every === every ? row.billedMetrics : 0), 0)
}

/** Says when budget and cap will bite: each poll then gives something up, in the order that the message names. */
function reportShort(
  { context, account: { accountId }, compiled: { configs } }: AccountPlan,
  plan: CostPlan,
  { intervalMs }: PlanQuestion,
): void {
  const { budget: { perMonth, perPoll } = {}, maxSeries } = configs
  const poll = billedOf(plan, 'poll')
  const month = (poll * MONTH_MS) / intervalMs + (billedOf(plan, 'day') * MONTH_MS) / DAY_MS
  const series = plan.metrics.reduce((sum, { fields }) => sum + fields, 0)
  const warn = (message: string): void =>
    context.report({
      code: 'budget',
      severity: 'warning',
      scope: accountId,
      message: `${message} Given up then, in this order: ${LEVELS.slice(1).join('; ')}; then the task fails.`,
    })
  if (perMonth !== undefined && month > perMonth) {
    const days = Math.floor((perMonth / month) * (MONTH_MS / DAY_MS))
    warn(
      `A month of such polls is billed ${Math.round(month)} metrics, and the budget is ${perMonth}: it would be used up after ${days} days.`,
    )
  }
  if (perPoll !== undefined && poll > perPoll)
    warn(`Such a poll is billed ${Math.round(poll)} metrics, and the budget of a poll is ${perPoll}.`)
  if (maxSeries !== undefined && series > maxSeries)
    warn(`Such polls collect ${series} time series, and maxSeries is ${maxSeries}.`)
}

/** What the polls of an account's metrics will ask for, its regions in their order. */
export async function planAccount(run: AccountPlan, question: PlanQuestion): Promise<CostPlan> {
  const { context, account, compiled } = run
  const namespaces = compiled.namespaces.map(({ namespace }) => namespace)
  const regions = await resolveRegions({ context, account, namespaces }, compiled.configs.regions)
  const options = compileOptions(compiled.configs)
  const plans = new Map<string, CostPlan>()
  await collectRegions({ context, account, regions }, async (region) => {
    plans.set(region.region, await planRegion(run, region, { question, options }))
    return { kind: 'collected', scope: region.scope, points: 0 }
  })
  const plan = joinPlans(regions.flatMap((region) => plans.get(region) ?? []))
  reportShort(run, plan, question)
  return plan
}
