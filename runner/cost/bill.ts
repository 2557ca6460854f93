import type { PartitionPrice } from '../../core/schema-types.generated.ts'
import { addMoney, type Money } from './money.ts'
import type { PriceList } from './price-list.ts'

/** What was or will be asked of one API in one region. */
export interface Quantity {
  readonly region: string
  readonly api: string
  readonly requests: number
  readonly billedMetrics: number
}

/** A sum of money for each currency. */
export interface Bill {
  readonly costs: readonly Money[]
  /** False when something in it has no known price: then it costs more than this. */
  readonly isWhole: boolean
}

/** Billed by the request, most of a month being free; calls of Lambda's control plane cost nothing (aws.md §1.3). */
const LISTING = 'cloudwatch:ListMetrics'

/** Cost Explorer: every request and page, none of them free (aws.md §5). */
const COSTS = /^ce:/

/** Whether AWS bills a request of this API from the first one on. */
export function isBilledByRequest(api: string): boolean {
  return COSTS.test(api)
}

interface Counted {
  billedMetrics: number
  listings: number
  costRequests: number
}

function priceOf(price: PartitionPrice, { billedMetrics, listings, costRequests }: Counted): number {
  const { perThousandMetrics, perThousandRequests = 0, freeRequestsPerMonth = 0, perCostRequest = 0 } = price
  const paidListings = Math.max(0, listings - freeRequestsPerMonth)
  return (
    (billedMetrics * perThousandMetrics + paidListings * perThousandRequests) / 1_000 +
    costRequests * perCostRequest
  )
}

/**
 * What AWS bills one account for a month's quantities. The free requests are counted for each account, though AWS gives
 * them once to all accounts of one payer.
 */
export function billMonth(prices: PriceList, quantities: readonly Quantity[]): Bill {
  const counted = new Map<PartitionPrice, Counted>()
  let isWhole = true
  for (const { region, api, requests, billedMetrics } of quantities) {
    const [isListing, isCosts] = [api === LISTING, isBilledByRequest(api)]
    if (billedMetrics === 0 && !isListing && !isCosts) continue
    const price = prices.of(region)
    if (price === undefined || (isCosts && price.perCostRequest === undefined)) {
      isWhole = false
      continue
    }
    const sums = counted.get(price) ?? { billedMetrics: 0, listings: 0, costRequests: 0 }
    sums.billedMetrics += billedMetrics
    sums.listings += isListing ? requests : 0
    sums.costRequests += isCosts ? requests : 0
    counted.set(price, sums)
  }
  const costs = [...counted].map(([price, sums]) => ({
    currency: price.currency,
    amount: priceOf(price, sums),
  }))
  return { costs: addMoney(costs), isWhole }
}

/** A bill of several accounts. */
export function joinBills(bills: readonly Bill[]): Bill {
  return {
    costs: addMoney(bills.flatMap(({ costs }) => costs)),
    isWhole: bills.every(({ isWhole }) => isWhole),
  }
}

/** What the first costs more than the second, by currency; less is negative. */
export function subtractBills(left: Bill, right: Bill): Bill {
  const negative = right.costs.map(({ currency, amount }) => ({ currency, amount: -amount }))
  return {
    costs: addMoney([...left.costs, ...negative]),
    isWhole: left.isWhole && right.isWhole,
  }
}
