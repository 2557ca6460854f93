import { type BillingRun, ruleOf } from './billing-run.ts'
import { functionQuery, listQueries } from './cost-query.ts'
import { listedEveryDays, loadChosenAccounts, loadLinkedAccounts } from './linked-accounts.ts'
import { isRefused, loadReading, REFUSED_DAYS, requestsPerDay } from './reading.ts'

/** Requests to Cost Explorer in a day, on the mean, by what they are for. */
export interface DailyRequests {
  readonly costs: number
  readonly accounts: number
  /** Of costs by resource. */
  readonly functions: number
}

/** Counted from state alone, because to ask AWS would cost. */
export async function countDailyRequests({
  context,
  account,
  configs,
  today,
  cost,
}: BillingRun): Promise<DailyRequests> {
  const { accountId } = account
  const { linked_accounts: choice = 'all', functions } = configs
  const { ids } = await loadChosenAccounts(context, accountId, choice)
  const readings = await Promise.all(
    listQueries(configs, ids).map(async ({ id }) => loadReading(context, accountId, id)),
  )
  const rule = ruleOf(configs)
  const known = await loadLinkedAccounts(context, accountId)
  const byResource = await loadReading(context, accountId, functionQuery(cost, accountId).id)
  const isAsked = functions !== undefined && functions.source !== 'metrics'
  return {
    costs: readings.reduce((sum, reading) => sum + requestsPerDay(reading, today, rule), 0),
    accounts: choice === 'all' ? 1 / listedEveryDays(known) : 0,
    functions: isAsked ? (isRefused(byResource, today) ? 1 / REFUSED_DAYS : 1) : 0,
  }
}

/** Requests that the fullest of usual days takes. */
export function neededRequests({ costs, accounts, functions }: DailyRequests): number {
  return Math.ceil(costs + accounts + functions)
}
