import { type CostPlan, NO_COST, type PlannedRequests, type RunContext } from 'guance-aws-lambda/dff'
import { type BillingRun, GET, ruleOf } from './billing-run.ts'
import { listQueries } from './cost-query.ts'
import { listedEveryDays, loadChosenAccounts, loadLinkedAccounts } from './linked-accounts.ts'
import { loadReading, requestsPerDay } from './reading.ts'

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
  return { ...NO_COST, requests }
}
