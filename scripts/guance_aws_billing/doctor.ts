import {
  type Account,
  type BillingConfigs,
  type Check,
  DAY_MS,
  formatTime,
  type RunContext,
} from 'guance-aws-lambda/dff'
import {
  type ActionProbe,
  examineTrust,
  probeRegions,
  SINGLE_ATTEMPT,
} from 'guance-aws-lambda/sets/guance_integration'
import { type BillingRun, GET_BY_RESOURCE, openBilling, paidToday } from './billing-run.ts'
import { listQueries } from './cost-query.ts'
import { countDailyRequests, neededRequests } from './daily-requests.ts'
import { dayOf, dayStartMs } from './day.ts'
import { loadChosenAccounts } from './linked-accounts.ts'
import { askForNothing, GET } from './paying-day.ts'
import { loadReading } from './reading.ts'
import { countDays } from './spans.ts'

/**
 * A question that AWS refuses for its days, after it has looked whether one may ask: a doctor that asked a good one would
 * cost a cent each time.
 */
export const COST_PROBE: ActionProbe = {
  action: GET,
  gives: 'costs at all',
  send: askForNothing,
}

const LIST = 'lambda:ListFunctions'
const GET_METRICS = 'cloudwatch:GetMetricData'

/** What costs by function take in each of their regions. */
const FUNCTION_PROBES: readonly ActionProbe[] = [
  {
    action: LIST,
    gives: 'costs of functions',
    isOptional: true,
    send: async (region) => {
      const { ListFunctionsCommand } = await import('@aws-sdk/client-lambda')
      const client = await region.lambda()
      return region.call(LIST, async (abortSignal) =>
        client.send(new ListFunctionsCommand({ MaxItems: 1 }), { abortSignal }),
      )
    },
  },
  {
    action: GET_METRICS,
    gives: 'costs of functions',
    isOptional: true,
    // One metric for one day: costs 0.00001 USD (aws.md §1.4).
    send: async (region) => {
      const { GetMetricDataCommand } = await import('@aws-sdk/client-cloudwatch')
      const client = await region.cloudwatch()
      const endMs = dayStartMs(dayOf(region.clock.awsNowMs()))
      const Metric = { Namespace: 'AWS/Lambda', MetricName: 'Invocations', Dimensions: [] }
      const input = {
        MetricDataQueries: [{ Id: 'q0', MetricStat: { Metric, Period: DAY_MS / 1_000, Stat: 'Sum' } }],
        StartTime: new Date(endMs - DAY_MS),
        EndTime: new Date(endMs),
      }
      return region.call(GET_METRICS, async (abortSignal) =>
        client.send(new GetMetricDataCommand(input), { abortSignal }),
      )
    },
  },
]

/** Where it is refused, shares by metrics do instead; only a paid request would tell. */
const RESOURCE_PROBE: ActionProbe = {
  action: GET_BY_RESOURCE,
  gives: 'costs of functions as AWS counts them: they are reckoned from metrics instead',
  isOptional: true,
  send: async () => undefined,
}

/** What costs by function take besides; nothing where they are not wanted. */
export function functionProbes({ functions }: BillingConfigs): readonly ActionProbe[] {
  if (functions === undefined) return []
  return functions.source === 'metrics' ? FUNCTION_PROBES : [RESOURCE_PROBE, ...FUNCTION_PROBES]
}

async function checkBudget(run: BillingRun): Promise<Check> {
  const { purse, account } = run
  const needed = neededRequests(await countDailyRequests(run))
  const base = {
    id: `billing.budget@${account.accountId}`,
    title: 'The requests of a day are enough',
    detail: `A day takes ${needed} requests, ${purse.limit} may be paid for, ${paidToday(run)} are paid for today.`,
  }
  if (needed <= purse.limit) return { ...base, status: 'ok' }
  const remedy = `Raise requests_per_day to ${needed}, or name fewer linked_accounts.`
  return { ...base, status: 'warning', remedy }
}

/** When each question was answered last, and what kept it from being. */
async function checkReadings({ context, account, configs, today }: BillingRun): Promise<Check[]> {
  const { accountId } = account
  const { ids } = await loadChosenAccounts(context, accountId, configs.linked_accounts)
  const queries = listQueries(configs, ids)
  const readings = await Promise.all(queries.map(async ({ id }) => loadReading(context, accountId, id)))
  return readings.flatMap((reading, index): Check[] => {
    const id = queries[index]?.id ?? ''
    const base = { id: `billing.reading@${accountId}/${id}`, title: `Costs of ${id} are read` }
    if (reading.failure !== undefined) {
      const until = formatTime(reading.notBeforeMs ?? dayStartMs(today))
      return [{ ...base, status: 'failed', detail: `${reading.failure} Asked again from ${until} on.` }]
    }
    const owed = countDays(reading.owed ?? [])
    if (reading.pageDays === undefined) return []
    const when = reading.ended === undefined ? '' : `All days before ${reading.ended} were read. `
    return [{ ...base, status: 'ok', detail: `${when}Days that are owed: ${owed}.` }]
  })
}

/** Whether Cost Explorer may be asked, whether the budget is enough, and how far each question is. Costs nothing. */
export async function examineBilling(
  context: RunContext,
  account: Account,
  { configs }: { readonly configs: BillingConfigs },
): Promise<readonly Check[]> {
  const run = await openBilling(context, account, { configs, backoff: SINGLE_ATTEMPT })
  const examined = { context, account: run.account, regions: [run.region.region] }
  const functions = { ...examined, regions: configs.functions?.regions ?? [] }
  return [
    ...(await examineTrust(context, account)),
    ...(await probeRegions(examined, [COST_PROBE])),
    ...(await probeRegions(functions, FUNCTION_PROBES)),
    await checkBudget(run),
    ...(await checkReadings(run)),
  ]
}
