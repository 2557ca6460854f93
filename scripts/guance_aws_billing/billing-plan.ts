import {
  type CostPlan,
  joinPlans,
  NO_COST,
  type PlannedMetric,
  type PlannedRequests,
  type RunContext,
} from 'guance-aws-lambda/dff'
import { collectRegions } from 'guance-aws-lambda/sets/guance_integration'
import { type BillingRun, GET, GET_BY_RESOURCE, ruleOf } from './billing-run.ts'
import { functionQuery, listQueries } from './cost-query.ts'
import { listBilledFunctions, USAGE_METRICS } from './function-usage.ts'
import { listedEveryDays, loadChosenAccounts, loadLinkedAccounts } from './linked-accounts.ts'
import { isRefused, loadReading, REFUSED_DAYS, requestsPerDay } from './reading.ts'

/** Requests to Cost Explorer in a day, by what they are for; from state alone, because to ask AWS would cost. */
export async function countDailyRequests({
  context,
  account,
  configs,
  today,
}: Pick<BillingRun, 'context' | 'account' | 'configs' | 'today'>): Promise<{
  readonly costs: number
  readonly accounts: number
}> {
  const { accountId } = account
  const { linked_accounts: choice = 'all' } = configs
  const { ids } = await loadChosenAccounts(context, accountId, choice)
  const readings = await Promise.all(
    listQueries(configs, ids).map(async ({ id }) => loadReading(context, accountId, id)),
  )
  const rule = ruleOf(configs)
  const costs = readings.reduce((sum, reading) => sum + requestsPerDay(reading, today, rule), 0)
  const known = await loadLinkedAccounts(context, accountId)
  return { costs, accounts: choice === 'all' ? 1 / listedEveryDays(known) : 0 }
}

function reportUnknown(context: RunContext, accountId: string): void {
  context.report({
    code: 'plan',
    severity: 'warning',
    scope: accountId,
    message:
      'Linked accounts and pages are not known before the first run, because to list them costs: planned is one account and one page.',
  })
}

/** What costs by function take: a request that may be refused for a week, and where it is, two sums of each function. */
async function planFunctions(run: BillingRun): Promise<CostPlan> {
  const { context, account, configs, cost, region, today } = run
  const { functions } = configs
  if (functions === undefined) return NO_COST
  const { accountId } = account
  const reading = await loadReading(context, accountId, functionQuery(cost, accountId).id)
  const isAsked = functions.source !== 'metrics'
  const isShared = !isAsked || isRefused(reading, today)
  const byResource: PlannedRequests = {
    accountId,
    region: region.region,
    api: GET_BY_RESOURCE,
    rule: 'functions',
    every: 'day',
    requests: isShared ? 1 / REFUSED_DAYS : 1,
  }
  const requests = isAsked ? [byResource] : []
  if (!isShared && reading.ended !== undefined) return { ...NO_COST, requests }
  const metrics: PlannedMetric[] = []
  await collectRegions({ context, account, regions: functions.regions }, async (place) => {
    const { length } = await listBilledFunctions(place)
    const where = {
      accountId,
      region: place.region,
      namespace: 'AWS/Lambda',
      rule: 'functions',
      every: 'day',
    } as const
    for (const metric of USAGE_METRICS)
      metrics.push({ ...where, metric, series: length, billedMetrics: length, fields: 0 })
    return { kind: 'collected', scope: place.scope, points: 0 }
  })
  return { ...NO_COST, requests, metrics }
}

/** What a day takes; reports where that is not known yet, or more than may be paid for. */
export async function planBilling(run: BillingRun): Promise<CostPlan> {
  const { context, account, region, purse, configs } = run
  const { accountId } = account
  const counted = await countDailyRequests(run)
  const { day } = await loadLinkedAccounts(context, accountId)
  if (day === undefined && (configs.linked_accounts ?? 'all') === 'all') reportUnknown(context, accountId)
  const needed = Math.ceil(counted.costs + counted.accounts)
  if (needed > purse.limit) {
    context.report({
      code: 'budget',
      severity: 'warning',
      scope: accountId,
      message: `A day takes ${needed} requests, of which requests_per_day lets ${purse.limit} through: the rest comes a day later each time.`,
    })
  }
  const where = { accountId, region: region.region, api: GET, every: 'day' } as const
  const requests: PlannedRequests[] = [{ ...where, rule: 'costs', requests: counted.costs }]
  if (counted.accounts > 0) requests.push({ ...where, rule: 'accounts', requests: counted.accounts })
  const functions = await planFunctions(run)
  return joinPlans([{ ...NO_COST, requests }, functions])
}
