/** An amount in the currency of whoever bills it; never converted. */
export interface Money {
  /** ISO 4217 */
  readonly currency: string
  readonly amount: number
}

/** A metric costs a hundred-thousandth of a dollar; what lies beyond is the binary fraction's, not the bill's. */
const DECIMALS = 9

export function makeMoney(currency: string, amount: number): Money {
  return { currency, amount: Math.round(amount * 10 ** DECIMALS) / 10 ** DECIMALS }
}

/** One sum for each currency, in the order in which they come. */
export function addMoney(all: readonly Money[]): readonly Money[] {
  const sums = new Map<string, number>()
  for (const { currency, amount } of all) sums.set(currency, (sums.get(currency) ?? 0) + amount)
  return [...sums].map(([currency, amount]) => makeMoney(currency, amount))
}
