import type { EpochMs } from 'guance-aws-lambda/dff'

/** A date and time with its zone, as RFC 3339 and the loggers that write a comma or no colon; source without groups. */
export const ZONED_TIME = String.raw`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d)`

const PARTS = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?:Z| ?([+-])(\d\d):?(\d\d))$/

/** Years outside are no times of logs: Go's zero time is of year 1, and a date without separators read as ms of year 2611. */
const FIRST_YEAR = 2_000
const LAST_YEAR = 2_099

/** No longer text is a time. */
const MAX_LENGTH = 40

function readText(text: string): EpochMs | undefined {
  if (text.length > MAX_LENGTH) return undefined
  const match = PARTS.exec(text)
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number)
  if (year < FIRST_YEAR || year > LAST_YEAR) return undefined
  const dayMs = Date.UTC(year, month - 1, day)
  // Date.UTC carries 30 February over into March.
  const isDay = new Date(dayMs).getUTCMonth() === month - 1 && new Date(dayMs).getUTCDate() === day
  const [zoneHour, zoneMinute] = [Number(match[9] ?? 0), Number(match[10] ?? 0)]
  if (!isDay || hour > 23 || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59) return undefined
  const zoneMinutes = (match[8] === '-' ? -1 : 1) * (zoneHour * 60 + zoneMinute)
  const fractionMs = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3))
  return dayMs + ((hour * 60 + minute - zoneMinutes) * 60 + second) * 1_000 + fractionMs
}

/** Units by size, as every reader of bare numbers tells them apart; each bound is the year 2001 in the unit. */
const UNITS: readonly { readonly from: number; readonly perMs: number }[] = [
  { from: 1e18, perMs: 1e6 },
  { from: 1e15, perMs: 1e3 },
  { from: 1e12, perMs: 1 },
  { from: 1e9, perMs: 1e-3 },
]

/** The end of the last year in seconds. */
const END_SECONDS = Date.UTC(LAST_YEAR + 1, 0) / 1_000

function readNumber(value: number): EpochMs | undefined {
  const unit = UNITS.find(({ from }) => value >= from)
  if (unit === undefined || value * 1e-3 >= unit.perMs * END_SECONDS) return undefined
  return Math.round(value / unit.perMs)
}

/** Milliseconds of a time that says its zone, or of a number since 1970 in s, ms, µs or ns; undefined for anything that would be a guess. */
export function readTime(value: unknown): EpochMs | undefined {
  if (typeof value === 'string') return readText(value)
  return typeof value === 'number' ? readNumber(value) : undefined
}
