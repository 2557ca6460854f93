import type { GetCostAndUsageCommandInput, GetCostAndUsageCommandOutput } from '@aws-sdk/client-cost-explorer'
import {
  type Account,
  type BillingConfigs,
  DffError,
  type EpochMs,
  REGIONS,
  type RunContext,
} from 'guance-aws-lambda/dff'
import {
  type AwsAccount,
  type AwsRegion,
  type Backoff,
  DEFAULT_CLOUD_PROVIDER,
  openAccount,
} from 'guance-aws-lambda/sets/guance_integration'
import type { Labels } from './cost-point.ts'
import type { CostName } from './cost-query.ts'
import { type Day, dayOf, readingDay } from './day.ts'
import { dayOfBill, findPayingDay, GET } from './paying-day.ts'
import { Purse } from './purse.ts'
import type { ReadingRule } from './reading.ts'

export const GET_BY_RESOURCE = 'ce:GetCostAndUsageWithResources'

/** Requests of a day unless said otherwise: 0.20 USD, enough for 19 accounts and their list. */
const DEFAULT_REQUESTS_PER_DAY = 20

/** AWS changes the costs of a day for about so long (aws.md §5). */
const DEFAULT_REREAD_DAYS = 3
const DEFAULT_LOOKBACK_DAYS = 14

/** How far back readings go. */
export function ruleOf({
  reread_days: rereadDays,
  lookback_days: lookbackDays,
}: BillingConfigs): ReadingRule {
  return {
    rereadDays: rereadDays ?? DEFAULT_REREAD_DAYS,
    lookbackDays: lookbackDays ?? DEFAULT_LOOKBACK_DAYS,
  }
}

/** What one run of one account works with. */
export interface BillingRun {
  readonly context: RunContext
  readonly account: AwsAccount
  readonly configs: BillingConfigs
  readonly cost: CostName
  /** Where Cost Explorer answers for the whole partition. */
  readonly region: AwsRegion
  readonly purse: Purse
  /** The tick's time; that of the last request where `dff exec --at` names an earlier one, so that nothing known goes back. */
  readonly nowMs: EpochMs
  /** Its reading day. */
  readonly today: Day
  readonly labels: Omit<Labels, 'accountNames'>
}

/** Whose costs are on the bill of the commercial account that it belongs to. */
const BILLED_ELSEWHERE = 'aws-us-gov'

/** The region of a partition's one Cost Explorer, its home (aws.md §5). Throws BAD_PARAMETER where there is none. */
function costRegionOf({ partition, accountId }: Pick<AwsAccount, 'partition' | 'accountId'>): string {
  const known = Object.values(REGIONS).find((region) => region.partition === partition)
  if (known !== undefined && partition !== BILLED_ELSEWHERE) return known.home
  throw new DffError({
    code: 'BAD_PARAMETER',
    place: `account ${accountId}`,
    expected: 'an account of aws, aws-cn or aws-eusc, whose bill Cost Explorer has',
    got: `one of ${partition}`,
    remedy:
      partition === BILLED_ELSEWHERE
        ? 'GovCloud is billed through the commercial account that it belongs to: collect the bill with keys of that account.'
        : 'Collect the bill with keys of the account that pays for it.',
  })
}

/** Opens the account of a run. Rejects with what the host's broker throws, or BAD_PARAMETER. */
export async function openBilling(
  context: RunContext,
  account: Account,
  { configs, backoff }: { readonly configs: BillingConfigs; readonly backoff: Backoff | undefined },
): Promise<BillingRun> {
  const opened = await openAccount(context, account, backoff)
  const { accountId, partition } = opened
  const { requests_per_day: limit = DEFAULT_REQUESTS_PER_DAY, cost = 'BlendedCost' } = configs
  const extraTags = account.extra_tags ?? {}
  const region = opened.region(costRegionOf(opened))
  const purse = await Purse.open(context, { accountId, limit, latestMs: region.clock.awsNowMs() })
  const { nowMs } = purse
  return {
    context,
    account: opened,
    configs,
    cost,
    region,
    purse,
    nowMs,
    today: readingDay(nowMs),
    labels: {
      partition,
      payerId: accountId,
      payerName: extraTags['account_name'] ?? accountId,
      cloudProvider: configs.cloud_provider ?? DEFAULT_CLOUD_PROVIDER,
      extraTags,
      rewrite: context.sink.rewrite,
    },
  }
}

/** Requests paid for on today's bill, as far as is known what day it is. */
export function paidToday({ region, purse }: Pick<BillingRun, 'region' | 'purse'>): number {
  return purse.paidOn(dayOfBill(region))
}

/** Says that the money of today is spent. */
export function reportSpent({ context, purse, account }: BillingRun, scope: string): void {
  context.report({
    code: 'budget',
    severity: 'error',
    scope,
    message: `${account.accountId} has paid for its ${purse.limit} requests of today; what is missing is asked for tomorrow. Raise requests_per_day in billingConfigs, or name fewer linked_accounts: dff plan says how many a day takes.`,
  })
}

/** Pays for a page of a question, by its id, and reads it; undefined when none may be paid for any more today. Throws AwsFailure, after one attempt. */
export async function askCosts<T>(
  { context, region, purse }: Pick<BillingRun, 'context' | 'region' | 'purse'>,
  {
    id,
    input,
    isByResource = false,
  }: { readonly id: string; readonly input: GetCostAndUsageCommandInput; readonly isByResource?: boolean },
  read: (reply: GetCostAndUsageCommandOutput) => T,
): Promise<T | undefined> {
  const { GetCostAndUsageCommand, GetCostAndUsageWithResourcesCommand } =
    await import('@aws-sdk/client-cost-explorer')
  const client = await region.costExplorer()
  const day = await findPayingDay(region, dayOf(context.triggerTimeMs))
  if (!(await purse.take(id, day))) return undefined
  return isByResource
    ? region.callOnce(GET_BY_RESOURCE, async (abortSignal) =>
        // The same question with a filter that must be there, and the same answer.
        read(
          await client.send(new GetCostAndUsageWithResourcesCommand({ ...input, Filter: input.Filter }), {
            abortSignal,
          }),
        ),
      )
    : region.callOnce(GET, async (abortSignal) =>
        read(await client.send(new GetCostAndUsageCommand(input), { abortSignal })),
      )
}
