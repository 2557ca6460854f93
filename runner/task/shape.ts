/** Shapes of values that come from a process which is not trusted: small guards that fit together. */
export type Guard = (value: unknown) => boolean

/** JSON nested deeper than this is nonsense, and would exhaust the stack of whoever walks it. */
const MAX_JSON_DEPTH = 64

export function isText(maxLength: number): Guard {
  return (value) => typeof value === 'string' && value.length <= maxLength
}

export function isCount(max: number = Number.MAX_SAFE_INTEGER): Guard {
  return (value) => Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= max
}

export function isOneOf(...values: readonly unknown[]): Guard {
  return (value) => values.includes(value)
}

export function isListOf(item: Guard, maxLength: number): Guard {
  return (value) => Array.isArray(value) && value.length <= maxLength && value.every(item)
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Exactly these keys; a name that ends in `?` may be absent. */
export function hasShape(fields: Readonly<Record<string, Guard>>): Guard {
  const rules = new Map(
    Object.entries(fields).map(([name, guard]) => [
      name.replace(/\?$/, ''),
      { guard, isOptional: name.endsWith('?') },
    ]),
  )
  return (value) =>
    isRecord(value) &&
    Object.keys(value).every((key) => rules.has(key)) &&
    [...rules].every(([key, rule]) => (Object.hasOwn(value, key) ? rule.guard(value[key]) : rule.isOptional))
}

/** JSON and nothing else: a message may carry maps, dates, functions' remains and loops. */
export function isJson(value: unknown, depth = 0): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || depth > MAX_JSON_DEPTH) return false
  if (Array.isArray(value)) return value.every((item) => isJson(item, depth + 1))
  return (
    Object.getPrototypeOf(value) === Object.prototype &&
    Object.values(value).every((item) => isJson(item, depth + 1))
  )
}
