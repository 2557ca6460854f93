import type { ReceivedPoint, StoredPoint, StoredValue, Write } from './stored-point.ts'

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

/** Integers beyond 2^53 would lose digits as numbers, so they are text with an `i`. */
function jsonValue(value: StoredValue): unknown {
  if (typeof value !== 'bigint') return value
  return Number.isSafeInteger(Number(value)) ? Number(value) : `${value}i`
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}

/** A point as JSON can carry it. */
export function echoJson(point: ReceivedPoint & Pick<Partial<StoredPoint>, 'published'>): object {
  const { published, ...rest } = point
  const history = (writes: readonly Write[]): object[] =>
    writes.map(({ value, atMs }) => ({ value: jsonValue(value), atMs }))
  return {
    ...rest,
    fields: mapValues(point.fields, jsonValue),
    timeNs: String(point.timeNs),
    ...(published ? { published: mapValues(published, history) } : {}),
  }
}
