import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { billMonth, joinBills, type Quantity, subtractBills } from '../../../runner/cost/bill.ts'
import { makePriceList } from '../../../runner/cost/price-list.ts'

const PRICES = makePriceList({})
const GET = 'cloudwatch:GetMetricData'
const LIST = 'cloudwatch:ListMetrics'

function quantity(changes: Partial<Quantity>): Quantity {
  return { region: 'us-east-1', api: GET, requests: 1, billedMetrics: 0, ...changes }
}

describe('a bill', () => {
  it('is the price of metrics: 1,000 functions of 8 metrics, every 5 minutes for 30 days, are 691.20 dollars', () => {
    const month = quantity({ billedMetrics: 8_000 * 8_640, requests: 224_640 })
    expect(billMonth(PRICES, [month])).toEqual({
      costs: [{ currency: 'USD', amount: 691.2 }],
      isWhole: true,
    })
  })

  it('has a first million of listing requests for nothing', () => {
    const cost = (requests: number): number | undefined =>
      billMonth(PRICES, [quantity({ api: LIST, requests })]).costs[0]?.amount
    expect([cost(1), cost(1_000_000), cost(2_382_400)]).toEqual([0, 0, 13.824])
  })

  it('has no line for what AWS does not bill', () => {
    const lambda = quantity({ api: 'lambda:ListFunctions', requests: 1e9 })
    expect(billMonth(PRICES, [lambda])).toEqual({ costs: [], isWhole: true })
    expect(billMonth(PRICES, [quantity({ api: GET, requests: 1e9 })])).toEqual({ costs: [], isWhole: true })
  })

  it('keeps currencies apart and says when a price is not known', () => {
    const bill = billMonth(PRICES, [
      quantity({ billedMetrics: 1_000 }),
      quantity({ billedMetrics: 1_000, region: 'eu-west-1' }),
      quantity({ billedMetrics: 1_000, region: 'cn-north-1' }),
      quantity({ billedMetrics: 1_000, region: 'us-gov-west-1' }),
      quantity({ billedMetrics: 1_000, region: '' }),
    ])
    expect(bill).toEqual({
      costs: [
        { currency: 'USD', amount: 0.02 },
        { currency: 'CNY', amount: 0.0651 },
      ],
      isWhole: false,
    })
  })

  it('is the same however its quantities are cut, and grows by what is added', () => {
    const arbitrary = fc.array(
      fc.record({
        region: fc.constantFrom('us-east-1', 'eu-west-1', 'cn-north-1', 'eusc-de-east-1'),
        api: fc.constantFrom(GET, LIST, 'lambda:ListFunctions'),
        requests: fc.nat(1e7),
        billedMetrics: fc.nat(1e9),
      }),
    )
    fc.assert(
      fc.property(arbitrary, arbitrary, (before, after) => {
        const whole = billMonth(PRICES, [...before, ...after])
        const halves = [...before, ...after].flatMap((one) => {
          const half = Math.floor(one.requests / 2)
          return [
            { ...one, requests: half },
            { ...one, requests: one.requests - half, billedMetrics: 0 },
          ]
        })
        const cut = billMonth(PRICES, halves)
        for (const { currency, amount } of whole.costs) {
          expect(cut.costs.find((one) => one.currency === currency)?.amount).toBeCloseTo(amount, 6)
        }
        const early = billMonth(PRICES, before)
        const late = subtractBills(whole, early)
        expect(late.costs.every(({ amount }) => amount >= -1e-6)).toBe(true)
        for (const { currency, amount } of joinBills([early, late]).costs) {
          const expected = whole.costs.find((one) => one.currency === currency)?.amount ?? 0
          expect(amount).toBeCloseTo(expected, 6)
        }
      }),
    )
  })
})
