import type { ReceivedPoint, StoredValue } from './stored-point.ts'

function escapeKey(text: string): string {
  return text.replaceAll(/[,= ]/g, String.raw`\$&`)
}

function formatValue(value: StoredValue): string {
  if (typeof value === 'string') return `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`
  return typeof value === 'bigint' ? `${value}i` : String(value)
}

/** What was understood, as line protocol: the answer to `echo=lp`. */
export function echoLine(point: ReceivedPoint): string {
  const tags = Object.entries(point.tags).map(([key, value]) => `,${escapeKey(key)}=${escapeKey(value)}`)
  const fields = Object.entries(point.fields).map(([key, value]) => `${escapeKey(key)}=${formatValue(value)}`)
  return `${point.measurement.replaceAll(/[, ]/g, String.raw`\$&`)}${tags.join('')} ${fields.join(',')} ${point.timeNs}`
}

/** A point as JSON can carry it: integers beyond 2^53 would lose digits as numbers, so they are text with an `i`. */
export function echoJson(point: ReceivedPoint): object {
  const fields = Object.entries(point.fields).map(([key, value]): [string, unknown] => [
    key,
    typeof value === 'bigint' ? (Number.isSafeInteger(Number(value)) ? Number(value) : `${value}i`) : value,
  ])
  return { ...point, fields: Object.fromEntries(fields), timeNs: String(point.timeNs) }
}
