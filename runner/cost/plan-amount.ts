import type { Cadence, CostPlan } from '../../core/cost-plan.ts'
import { type Bill, billMonth, isBilledByRequest, joinBills, type Quantity } from './bill.ts'
import { MONTH_DAYS, type Polls } from './polls.ts'
import type { PriceList } from './price-list.ts'
import type { PlanAmount } from './priced-plan.ts'

/** The API that AWS bills by metrics. */
export const GET = 'cloudwatch:GetMetricData'

/** What a plan is priced with. */
export interface Pricing {
  readonly prices: PriceList
  readonly polls: Polls
}

/** A quantity on an account's bill. */
export type Placed = Quantity & { readonly accountId: string }

/** The bills of all accounts. */
export function billAll(prices: PriceList, quantities: readonly Placed[]): Bill {
  const accounts = Map.groupBy(quantities, ({ accountId }) => accountId)
  return joinBills([...accounts.values()].map((own) => billMonth(prices, own)))
}

/** How often a row comes in 30 days; what comes once is counted apart from them. */
export function timesOf(every: Cadence, { perMonth }: Polls): number {
  return { poll: perMonth, day: MONTH_DAYS, once: 0 }[every]
}

/** What a row's metrics come to so many times. */
export function metricQuantity(row: CostPlan['metrics'][number], times: number): Placed {
  const { accountId, region } = row
  return { accountId, region, api: GET, requests: 0, billedMetrics: row.billedMetrics * times }
}

function requestQuantity(row: CostPlan['requests'][number], times: number): Placed {
  const { accountId, region, api } = row
  return { accountId, region, api, requests: row.requests * times, billedMetrics: 0 }
}

function sumOf(quantities: readonly Placed[], key: 'requests' | 'billedMetrics'): number {
  return quantities.reduce((sum, one) => sum + one[key], 0)
}

function amountOf(prices: PriceList, quantities: readonly Placed[]): PlanAmount {
  return {
    requests: sumOf(quantities, 'requests'),
    billedMetrics: sumOf(quantities, 'billedMetrics'),
    bill: billAll(prices, quantities),
  }
}

/** One poll, one day's rest, or what comes once; requests of which some are free by the month have no price here. */
export function priceTime(plan: CostPlan, every: Cadence, prices: PriceList): PlanAmount {
  const requests = plan.requests.filter((row) => row.every === every)
  const metrics = plan.metrics.filter((row) => row.every === every).map((row) => metricQuantity(row, 1))
  const paid = requests.filter(({ api }) => isBilledByRequest(api)).map((row) => requestQuantity(row, 1))
  return {
    ...amountOf(prices, [...metrics, ...paid]),
    requests: requests.reduce((sum, row) => sum + row.requests, 0),
  }
}

/** The requests of 30 days, of which some are free. */
export function requestsOfMonth({ requests }: CostPlan, polls: Polls): readonly Placed[] {
  return requests.map((row) => requestQuantity(row, timesOf(row.every, polls)))
}

/** 30 days, without what comes once. */
export function priceMonth(plan: CostPlan, { prices, polls }: Pricing): PlanAmount {
  const metrics = plan.metrics.map((row) => metricQuantity(row, timesOf(row.every, polls)))
  return amountOf(prices, [...metrics, ...requestsOfMonth(plan, polls)])
}

/** Active time series of a day. */
export function sumFields(rows: readonly { readonly fields: number }[]): number {
  return rows.reduce((sum, { fields }) => sum + fields, 0)
}
