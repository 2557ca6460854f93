import {
  type CostPlan,
  joinPlans,
  NO_COST,
  type PlannedMetric,
  type PlannedRequests,
  type RunContext,
} from 'guance-aws-lambda/dff'
import { collectRegions } from 'guance-aws-lambda/sets/guance_integration'
import { type BillingRun, GET_BY_RESOURCE } from './billing-run.ts'
import { functionQuery } from './cost-query.ts'
import { countDailyRequests, type DailyRequests, neededRequests } from './daily-requests.ts'
import { listBilledFunctions, USAGE_METRICS } from './function-usage.ts'
import { loadLinkedAccounts } from './linked-accounts.ts'
import { GET } from './paying-day.ts'
import { isRefused, loadReading } from './reading.ts'

function reportUnknown(context: RunContext, accountId: string): void {
  context.report({
    code: 'plan',
    severity: 'warning',
    scope: accountId,
    message:
      'Linked accounts and pages are not known before the first run, because to list them costs: planned is one account and one page.',
  })
}

function reportShort({ context, account, purse }: BillingRun, needed: number): void {
  context.report({
    code: 'budget',
    severity: 'warning',
    scope: account.accountId,
    message: `A day takes ${needed} requests, of which requests_per_day lets ${purse.limit} through: the rest comes a day later each time.`,
  })
}

function planRequests({ account, region }: BillingRun, counted: DailyRequests): readonly PlannedRequests[] {
  const where = { accountId: account.accountId, region: region.region, every: 'day' } as const
  const rows = [
    { ...where, api: GET, rule: 'costs', requests: counted.costs },
    { ...where, api: GET, rule: 'accounts', requests: counted.accounts },
    { ...where, api: GET_BY_RESOURCE, rule: 'functions', requests: counted.functions },
  ]
  return rows.filter(({ requests }) => requests > 0)
}

/** Two sums of each function a day, where shares are reckoned from metrics, or may have to be. */
async function planShares(run: BillingRun): Promise<CostPlan> {
  const { context, account, configs, cost, today } = run
  const { functions } = configs
  if (functions === undefined) return NO_COST
  const { accountId } = account
  const reading = await loadReading(context, accountId, functionQuery(cost, accountId).id)
  const isAnswered = functions.source !== 'metrics' && reading.ended !== undefined
  if (isAnswered && !isRefused(reading, today)) return NO_COST
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
    const counts = { series: length, billedMetrics: length, fields: 0 }
    for (const metric of USAGE_METRICS) metrics.push({ ...where, metric, ...counts })
    return { kind: 'collected', scope: place.scope, points: 0 }
  })
  return { ...NO_COST, metrics }
}

/** What a day takes; reports where that is not known yet, or more than may be paid for. */
export async function planBilling(run: BillingRun): Promise<CostPlan> {
  const { context, account, purse, configs } = run
  const { accountId } = account
  const counted = await countDailyRequests(run)
  const { day } = await loadLinkedAccounts(context, accountId)
  if (day === undefined && (configs.linked_accounts ?? 'all') === 'all') reportUnknown(context, accountId)
  const needed = neededRequests(counted)
  if (needed > purse.limit) reportShort(run, needed)
  return joinPlans([{ ...NO_COST, requests: planRequests(run, counted) }, await planShares(run)])
}
