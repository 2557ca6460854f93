/** Prices a plan; pure. */
import type { CostPlan } from '../../core/cost-plan.ts'
import { alertTime } from './alert.ts'
import { subtractBills } from './bill.ts'
import { makeMoney } from './money.ts'
import {
  billAll,
  metricQuantity,
  priceMonth,
  priceTime,
  type Pricing,
  sumFields,
  timesOf,
} from './plan-amount.ts'
import { MONTH_DAYS } from './polls.ts'
import { partitionOf, type PriceList } from './price-list.ts'
import { priceOptions } from './price-options.ts'
import type { PlanChange, PricedMetric, PricedPlan, PricedRequests, PriceSource } from './priced-plan.ts'

function priceMetrics({ metrics }: CostPlan, { prices, polls }: Pricing): readonly PricedMetric[] {
  return metrics.map((row) => ({
    ...row,
    each: billAll(prices, [metricQuantity(row, 1)]),
    month: billAll(prices, [metricQuantity(row, timesOf(row.every, polls))]),
  }))
}

function priceRequests({ requests }: CostPlan, { polls }: Pricing): readonly PricedRequests[] {
  return requests.map((row) => ({ ...row, requestsPerMonth: row.requests * timesOf(row.every, polls) }))
}

function priceSeries(perDay: number, { guance }: PriceList): PricedPlan['series'] {
  const costs = (guance?.offers ?? []).map(({ name, currency, perThousandSeriesPerDay }) => {
    const amount = (perDay * perThousandSeriesPerDay) / 1_000
    return {
      name,
      perDay: makeMoney(currency, amount),
      perMonth: makeMoney(currency, amount * MONTH_DAYS),
    }
  })
  return { perDay, costs, asOf: guance?.asOf ?? null, source: guance?.source ?? null }
}

function listSources({ metrics, requests }: CostPlan, prices: PriceList): readonly PriceSource[] {
  const byPartition = new Map<string, PriceSource>()
  for (const { region } of [...metrics, ...requests]) {
    const partition = partitionOf(region) ?? region
    byPartition.set(partition, { partition, price: prices.of(region) ?? null })
  }
  return [...byPartition.values()]
}

/** Everything of a priced plan that follows from its quantities, its schedule and the prices. */
export function pricePlan(
  plan: CostPlan,
  pricing: Pricing,
): Omit<PricedPlan, 'funcId' | 'scriptPath' | 'besides' | 'atMs' | 'schedule' | 'asked' | 'problems'> {
  const { prices, polls } = pricing
  const month = priceMonth(plan, pricing)
  const fields = sumFields(plan.metrics)
  return {
    poll: priceTime(plan, 'poll', prices),
    day: priceTime(plan, 'day', prices),
    month,
    once: priceTime(plan, 'once', prices),
    metrics: priceMetrics(plan, pricing),
    requests: priceRequests(plan, pricing),
    series: priceSeries(fields, prices),
    alert: alertTime(plan.lateness, polls.gaps) ?? null,
    lateness: plan.lateness,
    options: priceOptions(plan, pricing, { month: month.bill, fields }),
    prices: listSources(plan, prices),
  }
}

/** What `other` has more than `plan`; less is negative. */
export function comparePlans(plan: PricedPlan, other: PricedPlan): PlanChange {
  return {
    requestsPerPoll: other.poll.requests - plan.poll.requests,
    billedMetricsPerPoll: other.poll.billedMetrics - plan.poll.billedMetrics,
    month: subtractBills(other.month.bill, plan.month.bill),
    once: subtractBills(other.once.bill, plan.once.bill),
    seriesPerDay: other.series.perDay - plan.series.perDay,
    alertP95Min: plan.alert === null || other.alert === null ? null : other.alert.p95Min - plan.alert.p95Min,
  }
}
