/**
 * Money as AWS writes it: decimal texts, of which a float would lose the last cents. Counted in units of 10⁻¹² of the
 * currency; AWS writes ten decimals.
 */
const DECIMALS = 12
const UNITS_PER_ONE = 10n ** BigInt(DECIMALS)

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,2}))?$/

/** A decimal text in units, rounded half away from zero beyond the twelfth decimal; undefined for anything else. */
export function parseAmount(text: string): bigint | undefined {
  const [, sign, whole, fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? []
  if (whole === undefined) return undefined
  const digits = BigInt(whole + fraction)
  const shift = DECIMALS - fraction.length + Number(exponent)
  const units = shift >= 0 ? digits * 10n ** BigInt(shift) : divideRounded(digits, 10n ** BigInt(-shift))
  return sign === '-' ? -units : units
}

function divideRounded(dividend: bigint, divisor: bigint): bigint {
  return (dividend * 2n + divisor) / (divisor * 2n)
}

/** The exact decimal text, without zeros at its end. */
export function formatAmount(units: bigint): string {
  const [sign, size] = units < 0n ? ['-', -units] : ['', units]
  const fraction = String(size % UNITS_PER_ONE)
    .padStart(DECIMALS, '0')
    .replace(/0+$/, '')
  return `${sign}${size / UNITS_PER_ONE}${fraction === '' ? '' : `.${fraction}`}`
}

/** The nearest float, for a field. */
export function toNumber(units: bigint): number {
  return Number(formatAmount(units))
}
