import type { Json } from '../../../core/json.ts'
import { type EpochMs, formatTime, MINUTE_MS, SECOND_MS } from '../../../core/time.ts'
import type { Bill } from '../../cost/bill.ts'
import type { Money } from '../../cost/money.ts'
import type { Texts } from '../../text/texts.ts'

export function formatCount(texts: Texts, value: number): string {
  return value.toLocaleString(texts.locale)
}

export function formatWhen(texts: Texts, timeMs: EpochMs | null): string {
  return timeMs === null ? texts.view.none : formatTime(timeMs)
}

/** `840 ms`, `12.3 s`, `3 min 20 s`. */
export function formatDuration(texts: Texts, durationMs: number): string {
  const { ms, sec, min } = texts.view.duration
  if (durationMs < SECOND_MS) return ms(String(Math.round(durationMs)))
  if (durationMs < MINUTE_MS) return sec((durationMs / SECOND_MS).toFixed(1))
  const wholeSec = Math.round(durationMs / SECOND_MS)
  return min(formatCount(texts, Math.floor(wholeSec / 60)), String(wholeSec % 60))
}

/** A mean or a sum of means, to a tenth; a hundredth where it is small. */
export function formatMean(texts: Texts, value: number): string {
  const maximumFractionDigits = Math.abs(value) < 10 ? 2 : 1
  return value.toLocaleString(texts.locale, { maximumFractionDigits })
}

/** A difference with its sign. */
export function formatChange(texts: Texts, value: number): string {
  return value > 0 ? `+${formatMean(texts, value)}` : formatMean(texts, value)
}

/** Below it an amount is shown to the fourth decimal: a poll of a small account costs less than a cent. */
const SMALL_AMOUNT = 1

/** `USD 1,234.50`, `USD 0.0124`, `< USD 0.0001`. */
export function formatMoney(texts: Texts, { currency, amount }: Money): string {
  const size = Math.abs(amount)
  if (size > 0 && size < 0.000_05) return `${amount < 0 ? '-' : ''}< ${currency} 0.0001`
  const digits = size === 0 || size >= SMALL_AMOUNT ? 2 : 4
  const number = size.toLocaleString(texts.locale, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  return `${amount < 0 ? '-' : ''}${currency} ${number}`
}

/** The sum of each currency; what has no known price is said to be missing. */
export function formatBill(texts: Texts, { costs, isWhole }: Bill): string {
  const { unknown, andUnknown } = texts.view.money
  const known = costs.map((one) => formatMoney(texts, one)).join(' + ')
  if (isWhole) return known === '' ? texts.view.none : known
  return known === '' ? unknown : andUnknown(known)
}

/** The difference of two bills, each currency with its sign. */
export function formatBillChange(texts: Texts, { costs, isWhole }: Bill): string {
  const known = costs
    .filter(({ amount }) => amount !== 0)
    .map((one) => `${one.amount > 0 ? '+' : ''}${formatMoney(texts, one)}`)
    .join(texts.view.and)
  if (isWhole) return known === '' ? texts.view.none : known
  return known === '' ? texts.view.money.unknown : texts.view.money.andUnknown(known)
}

/** `metric 1,234 · custom_object 40`, or the text for none. */
export function formatPoints(texts: Texts, points: Readonly<Record<string, number>>): string {
  const parts = Object.entries(points).filter(([, count]) => count > 0)
  if (parts.length === 0) return texts.view.task.noPoints
  return parts.map(([category, count]) => `${category} ${formatCount(texts, count)}`).join(' · ')
}

/** A form value as one would type it: text bare, a list with commas. */
export function formatValue(value: Json): string {
  if (typeof value === 'string') return value
  return isList(value) ? value.map(formatValue).join(',') : JSON.stringify(value)
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
