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

/** The one API of ours that AWS bills by the request; those of Lambda's control plane are free (aws.md §1.3). */
const BILLED_BY_REQUEST = 'cloudwatch:ListMetrics'

interface Counted {
  billedMetrics: number
  requests: number
}

function priceOf(price: PartitionPrice, { billedMetrics, requests }: Counted): number {
  const { perThousandMetrics, perThousandRequests = 0, freeRequestsPerMonth = 0 } = price
  const paidRequests = Math.max(0, requests - freeRequestsPerMonth)
  return (billedMetrics * perThousandMetrics + paidRequests * perThousandRequests) / 1_000
}

/**
 * What AWS bills one account for a month's quantities. The free requests are counted for each account, though AWS gives
 * them once to all accounts of one payer.
 */
export function billMonth(prices: PriceList, quantities: readonly Quantity[]): Bill {
  const counted = new Map<PartitionPrice, Counted>()
  let isWhole = true
  for (const { region, api, requests, billedMetrics } of quantities) {
    const isListing = api === BILLED_BY_REQUEST
    if (billedMetrics === 0 && !isListing) continue
    const price = prices.of(region)
    if (price === undefined) {
      isWhole = false
      continue
    }
    const sums = counted.get(price) ?? { billedMetrics: 0, requests: 0 }
    sums.billedMetrics += billedMetrics
    sums.requests += isListing ? requests : 0
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
