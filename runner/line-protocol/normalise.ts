import type { Category, FieldValue, Point } from '../../core/point.ts'
import type { EpochMs } from '../../core/time.ts'
import { cutUtf8, normaliseName } from './text.ts'

/** Limits of DataKit and DataWay (guance.md §6.3), in bytes of UTF-8 unescaped. */
const MAX_MEASUREMENT_BYTES = 1024
const MAX_KEY_BYTES = 256
const MAX_TAG_VALUE_BYTES = 1024
/** Ends a tag value that was cut: half a value must not look like a whole one. */
const CUT_MARK = '…'
const MAX_STRING_BYTES = 32 * 1024 ** 2
const MAX_TAGS = 256
const MAX_FIELDS = 1024
/** What upstream writes for a measurement without a name. */
const UNNAMED = '__default'
/** Nanoseconds of a time beyond this do not fit in 64 bits. */
const MAX_TIME_MS = Number(2n ** 63n / 1_000_000n)
const MIN_INTEGER = -(2n ** 63n)
const MAX_INTEGER = 2n ** 63n - 1n
/** The one field where line breaks carry meaning, a stack trace for example: readers of DataKit and DataWay keep them. */
const MULTILINE_FIELD = 'message'
/** A longer cache than any catalogue of keys; when it overflows it starts again. */
const MAX_CACHED_KEYS = 20_000

/** Keys that the category gives a meaning of its own; a point may not bring them. */
const OBJECT_KEYS: ReadonlySet<string> = new Set(['class', 'date'])
const LOGGING_KEYS: ReadonlySet<string> = new Set(['source', 'date'])
const NO_KEYS: ReadonlySet<string> = new Set()

interface CategoryRules {
  readonly reserved: ReadonlySet<string>
  /** `.` is kept in keys of metrics alone; elsewhere DataKit turns it into `_`, and so the tag `a.b` would meet `a_b`. */
  readonly keepsDots: boolean
  /** Metrics hold numbers only: DataKit drops the rest, and a point left empty by that is an error in strict mode. */
  readonly isNumeric: boolean
  readonly keys: Map<string, string>
}

function makeRules(rules: Partial<CategoryRules>): CategoryRules {
  return { reserved: NO_KEYS, keepsDots: false, isNumeric: false, keys: new Map(), ...rules }
}

const RULES: Readonly<Record<Category, CategoryRules>> = {
  metric: makeRules({ keepsDots: true, isNumeric: true }),
  custom_object: makeRules({ reserved: OBJECT_KEYS }),
  object_change: makeRules({ reserved: OBJECT_KEYS }),
  logging: makeRules({ reserved: LOGGING_KEYS }),
  keyevent: makeRules({}),
}

/** A point as every reader understands it: names cleaned and cut, tags sorted and unique, fields typed and finite. */
export interface WirePoint {
  readonly measurement: string
  readonly tags: readonly (readonly [key: string, value: string])[]
  readonly fields: readonly (readonly [key: string, value: FieldValue])[]
  readonly timeMs: EpochMs
}

function normaliseMeasurement(text: string): string {
  const name = normaliseName(text, MAX_MEASUREMENT_BYTES)
  if (name === '') return UNNAMED
  // A line that begins with # is a comment to most readers.
  return name.startsWith('#') ? `_${name.slice(1)}` : name
}

function normaliseKey(key: string, rules: CategoryRules): string {
  const known = rules.keys.get(key)
  if (known !== undefined) return known
  const clean = normaliseName(rules.keepsDots ? key : key.replaceAll('.', '_'), MAX_KEY_BYTES)
  const value = rules.reserved.has(clean) ? '' : clean
  if (rules.keys.size >= MAX_CACHED_KEYS) rules.keys.clear()
  rules.keys.set(key, value)
  return value
}

function normaliseText(key: string, value: string): string {
  const text = cutUtf8(value.toWellFormed(), MAX_STRING_BYTES)
  return key === MULTILINE_FIELD ? text : text.replace(/[\r\n]/g, ' ')
}

/** The value as it can be written, or undefined for what no reader takes. */
function normaliseValue(key: string, value: FieldValue, rules: CategoryRules): FieldValue | undefined {
  switch (typeof value) {
    case 'number':
      // + 0 turns -0 into 0, which reads back as the same number everywhere.
      return Number.isFinite(value) ? value + 0 : undefined
    case 'bigint':
      return value >= MIN_INTEGER && value <= MAX_INTEGER ? value : undefined
    case 'string':
      return rules.isNumeric ? undefined : normaliseText(key, value)
    case 'boolean':
      return rules.isNumeric ? undefined : value
    default:
      // A script written in JavaScript may hand over null; a field without a value does not exist.
      return undefined
  }
}

type Entry<Value> = readonly [key: string, value: Value]

function byKey(left: Entry<string>, right: Entry<string>): number {
  return left[0] < right[0] ? -1 : Number(left[0] > right[0])
}

function normaliseTags(point: Point, rules: CategoryRules): Entry<string>[] {
  const tags: Entry<string>[] = []
  for (const key of Object.keys(point.tags)) {
    const name = normaliseKey(key, rules)
    const value = normaliseName(point.tags[key] ?? '', MAX_TAG_VALUE_BYTES, CUT_MARK)
    if (name !== '' && value !== '') tags.push([name, value])
  }
  // The sort is stable, so that of two keys that became the same the one given first stays.
  tags.sort(byKey)
  const unique = tags.filter((tag, index) => tag[0] !== tags[index - 1]?.[0])
  return unique.length > MAX_TAGS ? unique.slice(0, MAX_TAGS) : unique
}

function normaliseFields(point: Point, rules: CategoryRules, taken: Set<string>): Entry<FieldValue>[] {
  const fields: Entry<FieldValue>[] = []
  for (const key of Object.keys(point.fields)) {
    const name = normaliseKey(key, rules)
    const given = point.fields[key]
    if (name === '' || given === undefined || taken.has(name)) continue
    const value = normaliseValue(name, given, rules)
    if (value === undefined) continue
    taken.add(name)
    if (fields.push([name, value]) === MAX_FIELDS) break
  }
  return fields
}

/**
 * The point as it will be written, or undefined when no field or no valid time is left.
 * A key that is tag and field stays a tag, because DataKit drops such a field and Influx reads it ambiguously.
 */
export function normalisePoint(point: Point): WirePoint | undefined {
  if (!(Math.abs(point.timeMs) < MAX_TIME_MS)) return undefined
  const rules = RULES[point.category]
  const tags = normaliseTags(point, rules)
  const fields = normaliseFields(point, rules, new Set(tags.map((tag) => tag[0])))
  if (fields.length === 0) return undefined
  return {
    measurement: normaliseMeasurement(point.measurement),
    tags,
    fields,
    timeMs: Math.round(point.timeMs) + 0,
  }
}
