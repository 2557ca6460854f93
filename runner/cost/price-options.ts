import type { CostPlan, PlannedOption } from '../../core/cost-plan.ts'
import { MINUTE_MS } from '../../core/time.ts'
import { alertTime } from './alert.ts'
import { type Bill, subtractBills } from './bill.ts'
import {
  billAll,
  GET,
  priceMonth,
  priceTime,
  type Pricing,
  requestsOfMonth,
  sumFields,
} from './plan-amount.ts'
import { MONTH_DAYS, pollsEvery } from './polls.ts'
import type { PricedOption } from './priced-plan.ts'

/** Intervals that are worth comparing; the default is the shortest. */
const OTHER_INTERVALS_MIN = [5, 10, 15]

/** The plan as it is. */
interface Base {
  readonly month: Bill
  readonly fields: number
}

function priceSetting(
  plan: CostPlan,
  { prices, polls }: Pricing,
  { option, rows, base }: { option: string; rows: readonly PlannedOption[]; base: Base },
): PricedOption {
  const metrics = rows.map(({ accountId, region, billedMetricsPerPoll, billedMetricsPerDay }) => ({
    accountId,
    region,
    api: GET,
    requests: 0,
    billedMetrics: billedMetricsPerPoll * polls.perMonth + billedMetricsPerDay * MONTH_DAYS,
  }))
  const month = billAll(prices, [...metrics, ...requestsOfMonth(plan, polls)])
  const fields = sumFields(rows)
  return {
    option,
    billedMetricsPerPoll: rows.reduce((sum, row) => sum + row.billedMetricsPerPoll, 0),
    month,
    change: subtractBills(month, base.month),
    fields,
    fieldsChange: fields - base.fields,
    alertP95Min: alertTime(plan.lateness, polls.gaps)?.p95Min ?? null,
  }
}

/** Another interval asks for the same, more or less often. */
function priceInterval(plan: CostPlan, { prices }: Pricing, minutes: number, base: Base): PricedOption {
  const polls = pollsEvery(minutes)
  const { bill } = priceMonth(plan, { prices, polls })
  return {
    option: `poll: every ${minutes} minutes`,
    billedMetricsPerPoll: priceTime(plan, 'poll', prices).billedMetrics,
    month: bill,
    change: subtractBills(bill, base.month),
    fields: base.fields,
    fieldsChange: 0,
    alertP95Min: alertTime(plan.lateness, polls.gaps)?.p95Min ?? null,
  }
}

/** What each other setting, and each other interval, would make of a plan. */
export function priceOptions(plan: CostPlan, pricing: Pricing, base: Base): readonly PricedOption[] {
  const settings = Map.groupBy(plan.options, ({ option }) => option)
  const isPolled = [...plan.metrics, ...plan.requests].some(({ every }) => every === 'poll')
  const isOther = (minutes: number): boolean => {
    const [gap, ...more] = pricing.polls.gaps
    return more.length > 0 || gap?.gapMs !== minutes * MINUTE_MS
  }
  return [
    ...[...settings].map(([option, rows]) => priceSetting(plan, pricing, { option, rows, base })),
    // Where no poll asks for anything, how often they come makes no difference.
    ...OTHER_INTERVALS_MIN.filter((minutes) => isPolled && isOther(minutes)).map((minutes) =>
      priceInterval(plan, pricing, minutes, base),
    ),
  ]
}
