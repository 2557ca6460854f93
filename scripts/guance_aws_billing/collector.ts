import {
  type Account,
  type BillingConfigs,
  type EpochMs,
  type Expectation,
  type RunContext,
  validate,
} from 'guance-aws-lambda/dff'
import {
  accountState,
  type Backoff,
  type Collector,
  describeAccess,
  loadAccountId,
  openAccount,
  type RegionResult,
} from 'guance-aws-lambda/sets/guance_integration'
import { checkFunctions, parseBillingAccount } from './account-block.ts'
import { planBilling } from './billing-plan.ts'
import { readFunctions, shareFunctions } from './collect-functions.ts'
import { type BillingRun, openBilling, paidToday } from './billing-run.ts'
import { MEASUREMENT } from './cost-point.ts'
import { type CostQuery, functionQuery, listQueries } from './cost-query.ts'
import { COST_PROBE, examineBilling, functionProbes } from './doctor.ts'
import { LISTING_ID, loadChosenAccounts } from './linked-accounts.ts'
import { renewAccounts } from './list-accounts.ts'
import { readQuery } from './read-query.ts'
import { loadReading } from './reading.ts'

const NAME = 'AWS-Billing'

/** Those asked longest ago first: what a budget leaves out today comes first tomorrow. */
function orderQueries({ purse }: BillingRun, queries: readonly CostQuery[]): readonly CostQuery[] {
  return queries.toSorted((left, right) => purse.askedMs(left.id) - purse.askedMs(right.id))
}

/** When the question was asked that waits longest. */
function oldestAskedMs({ purse }: BillingRun, queries: readonly CostQuery[]): EpochMs {
  return Math.min(...queries.map(({ id }) => purse.askedMs(id)))
}

/** Whether the budget has left costs by resource out for longer than all others; else they come behind what is the bill. */
function areFunctionsOverdue(run: BillingRun, queries: readonly CostQuery[]): boolean {
  const { account, cost, purse } = run
  return purse.askedMs(functionQuery(cost, account.accountId).id) < oldestAskedMs(run, queries)
}

async function collectCosts(run: BillingRun): Promise<RegionResult[]> {
  const { context, account, configs } = run
  const { ids, names } = await loadChosenAccounts(context, account.accountId, configs.linked_accounts)
  const labels = { ...run.labels, accountNames: names }
  const queries = listQueries(configs, ids)
  const isOverdue = areFunctionsOverdue(run, queries)
  const results: RegionResult[] = isOverdue ? [...(await readFunctions(run, labels))] : []
  for (const query of orderQueries(run, queries)) {
    // One after the other: each one is paid for before the next.
    results.push(await readQuery(run, query, labels))
  }
  if (!isOverdue) results.push(...(await readFunctions(run, labels)))
  // Of what was read last, or a day would be shared out twice.
  results.push(...(await shareFunctions(run, labels)))
  return results
}

/** The list of accounts comes before their costs, unless the last one left somebody without a request: a small budget would list every day and read nothing. */
async function isListingFirst(run: BillingRun): Promise<boolean> {
  const { context, account, configs, purse } = run
  const { ids } = await loadChosenAccounts(context, account.accountId, configs.linked_accounts)
  return purse.askedMs(LISTING_ID) <= oldestAskedMs(run, listQueries(configs, ids))
}

async function collect(run: BillingRun): Promise<RegionResult[]> {
  const { context, account, purse } = run
  const { accountId } = account
  await context.commit({ points: [], state: accountState(account) })
  const isFirst = await isListingFirst(run)
  if (isFirst) await renewAccounts(run)
  const results = await collectCosts(run)
  if (!isFirst) await renewAccounts(run)
  context.log(`${accountId}: ${paidToday(run)} of ${purse.limit} requests of today paid for`)
  return results
}

/** Lines are expected once a reading has ended. */
async function expectLines(
  context: RunContext,
  account: Account,
  configs: BillingConfigs,
): Promise<Expectation> {
  const accountId = await loadAccountId(context, account)
  if (accountId === undefined) return { objects: [], metrics: [] }
  const { ids } = await loadChosenAccounts(context, accountId, configs.linked_accounts)
  const readings = await Promise.all(
    listQueries(configs, ids).map(async ({ id }) => loadReading(context, accountId, id)),
  )
  const isRead = readings.some(({ pageDays }) => pageDays !== undefined)
  return { objects: [], metrics: [], logs: isRead ? [{ measurement: MEASUREMENT }] : [] }
}

/** For tests. */
export interface BillingOptions {
  readonly backoff?: Backoff
}

/**
 * Collects what an account and its linked accounts cost, once a day, as logs of source `cloud_billing`. Throws
 * BAD_PARAMETER at once, when the Startup script loads.
 */
export function BillingCollector(
  account: Account,
  configs: BillingConfigs = {},
  { backoff }: BillingOptions = {},
): Collector {
  const checked = parseBillingAccount(account)
  const checkedConfigs = validate('billing-configs', configs, 'billingConfigs')
  checkFunctions(checked, checkedConfigs)
  const open = async (context: RunContext): Promise<BillingRun> =>
    openBilling(context, checked, { configs: checkedConfigs, backoff })
  return {
    name: NAME,
    accountId: async (context) => (await openAccount(context, checked, backoff)).accountId,
    run: async (context) => {
      const run = await open(context)
      if (!context.debug) return collect(run)
      context.log(
        `debug: nothing is asked, because each page of Cost Explorer costs money; dff plan says how many`,
      )
      return []
    },
    expected: async (context) => expectLines(context, checked, checkedConfigs),
    plan: async (context) => planBilling(await open(context)),
    access: async (context) =>
      describeAccess(context, checked, {
        // Cost Explorer answers in its home region alone: a policy limited to those of functions would refuse it.
        regions: [],
        probes: [COST_PROBE, ...functionProbes(checkedConfigs)],
      }),
    doctor: async (context) => examineBilling(context, checked, { configs: checkedConfigs }),
  }
}
