import type { ParsedLine } from './parsed-line.ts'
import type { ReceivedPoint, StoredValue } from './stored-point.ts'

/** The categories a DataKit takes. */
export const CATEGORIES: ReadonlySet<string> = new Set([
  'metric',
  'network',
  'keyevent',
  'object',
  'object_change',
  'custom_object',
  'logging',
  'tracing',
  'rum',
  'security',
  'profiling',
])

/** Limits of the point format, in bytes and in numbers of keys. */
const MAX_TAG_VALUE_BYTES = 1_024
const MAX_MEASUREMENT_BYTES = 1_024
const MAX_KEY_BYTES = 256
const MAX_TAGS = 256
const MAX_FIELDS = 1_024
const MAX_TEXT_BYTES = 32 * 1024 * 1024

/** Keys that the platform sets itself. */
const RESERVED: Readonly<Record<string, readonly string[]>> = {
  logging: ['source', 'date'],
  object: ['class', 'date'],
  custom_object: ['class', 'date'],
}

/** A line after the rules: the point, unless nothing of it is left, and what was changed on the way. */
export interface JudgedLine {
  readonly point: ReceivedPoint | undefined
  /** One sentence for each thing dropped or cut; `strict` refuses the body for any of them. */
  readonly warnings: readonly string[]
}

/** A line that DataKit refuses together with the whole body. */
export class InvalidLineError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'InvalidLineError'
  }
}

type Warn = (text: string) => void

function cut(text: string, maxBytes: number, what: string, warn: Warn): string {
  // A UTF-16 unit is at most three bytes, so only text near the limit has to be encoded.
  if (text.length * 3 <= maxBytes) return text
  const bytes = Buffer.from(text)
  if (bytes.length <= maxBytes) return text
  warn(`${what} is longer than ${maxBytes} bytes and was cut`)
  return bytes.subarray(0, maxBytes).toString('utf8').replace(/�$/, '')
}

/** Only metrics keep a dot in a key. */
function renameKey(category: string, key: string, warn: Warn): string {
  const renamed = category === 'metric' ? key : key.replaceAll('.', '_')
  if (renamed !== key) warn(`key ${key} was renamed to ${renamed}`)
  return cut(renamed, MAX_KEY_BYTES, `key ${key.slice(0, 40)}`, warn)
}

function judgeTags(line: ParsedLine, category: string, warn: Warn): Record<string, string> {
  const tags: Record<string, string> = {}
  const reserved = RESERVED[category] ?? []
  for (const [rawKey, rawValue] of line.tags) {
    const key = renameKey(category, rawKey, warn)
    if (Object.hasOwn(tags, key)) throw new InvalidLineError(`duplicate tag key ${JSON.stringify(key)}`)
    if (reserved.includes(key)) warn(`tag ${key} is reserved and was dropped`)
    else if (Object.keys(tags).length >= MAX_TAGS) warn(`more than ${MAX_TAGS} tags: ${key} was dropped`)
    else tags[key] = cut(rawValue, MAX_TAG_VALUE_BYTES, `tag ${key}`, warn)
  }
  return tags
}

/** Why a field may not stay; undefined when it may. */
function fieldFault(
  key: string,
  value: StoredValue,
  place: { readonly category: string; readonly tags: object; readonly count: number },
): string | undefined {
  if (Object.hasOwn(place.tags, key)) return `field ${key} is also a tag and was dropped`
  if (place.category === 'metric' && typeof value === 'string')
    return `string field ${key} of a metric was dropped`
  if ((RESERVED[place.category] ?? []).includes(key)) return `field ${key} is reserved and was dropped`
  return place.count >= MAX_FIELDS ? `more than ${MAX_FIELDS} fields: ${key} was dropped` : undefined
}

function judgeFields(
  line: ParsedLine,
  category: string,
  tags: Readonly<Record<string, string>>,
  warn: Warn,
): Record<string, StoredValue> {
  const fields: Record<string, StoredValue> = {}
  let count = 0
  for (const [rawKey, value] of line.fields) {
    const key = renameKey(category, rawKey, warn)
    const fault = fieldFault(key, value, { category, tags, count })
    if (fault === undefined) {
      fields[key] = typeof value === 'string' ? cut(value, MAX_TEXT_BYTES, `field ${key}`, warn) : value
      count++
    } else warn(fault)
  }
  return fields
}

/** What the platform fills in: the name of an object, the status of a log. */
function fillIn(category: string, tags: Record<string, string>, fields: Record<string, StoredValue>): void {
  const isObject = category === 'object' || category === 'custom_object'
  if (isObject && tags.name === undefined) Object.assign(tags, { name: 'default' })
  const hasStatus = tags.status !== undefined || fields.status !== undefined
  if (category === 'logging' && !hasStatus) Object.assign(fields, { status: 'info' })
}

/** Applies the rules of a category to a line. Throws InvalidLineError for what makes the whole body bad. */
export function judgeLine(line: ParsedLine, category: string, timeNs: bigint): JudgedLine {
  const warnings: string[] = []
  const warn: Warn = (text) => warnings.push(text)
  const measurement = cut(line.measurement, MAX_MEASUREMENT_BYTES, 'measurement', warn)
  const tags = judgeTags(line, category, warn)
  const fields = judgeFields(line, category, tags, warn)
  if (Object.keys(fields).length === 0) {
    warn('no field is left and the point was dropped')
    return { point: undefined, warnings }
  }
  fillIn(category, tags, fields)
  return { point: { category, measurement, tags, fields, timeNs }, warnings }
}
