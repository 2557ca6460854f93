import { describe, expect, it } from 'vitest'
import { NO_COST } from '../../../core/cost-plan.ts'
import { billMonth } from '../../../runner/cost/bill.ts'
import { pollsEvery } from '../../../runner/cost/polls.ts'
import { makePriceList } from '../../../runner/cost/price-list.ts'
import { pricePlan } from '../../../runner/cost/price-plan.ts'

const PRICES = makePriceList({})
const GET = 'ce:GetCostAndUsage'

describe('requests to Cost Explorer', () => {
  it('cost a cent each from the first one on, those by resource too', () => {
    const of = (api: string) => ({ region: 'us-east-1', api, requests: 3, billedMetrics: 0 })
    const bill = billMonth(PRICES, [
      of(GET),
      of('ce:GetCostAndUsageWithResources'),
      of('lambda:ListFunctions'),
    ])
    expect(bill).toEqual({ costs: [{ currency: 'USD', amount: 0.06 }], isWhole: true })
  })

  it('have no price where nobody knows one', () => {
    const bill = billMonth(PRICES, [{ region: 'cn-northwest-1', api: GET, requests: 3, billedMetrics: 0 }])
    expect(bill.isWhole).toBe(false)
  })

  it('are on the bill of a planned day and month, and no other interval of polls is compared', () => {
    const row = {
      accountId: '1',
      region: 'us-east-1',
      api: GET,
      rule: 'costs',
      every: 'day',
      requests: 5,
    } as const
    const plan = pricePlan({ ...NO_COST, requests: [row] }, { prices: PRICES, polls: pollsEvery(60) })
    expect(plan.day.bill.costs).toEqual([{ currency: 'USD', amount: 0.05 }])
    expect(plan.month.bill.costs).toEqual([{ currency: 'USD', amount: 1.5 }])
    expect(plan.options).toEqual([])
  })
})
