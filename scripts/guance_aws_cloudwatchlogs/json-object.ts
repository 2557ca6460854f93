export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The message as a JSON object; undefined for any other text. */
export function parseObject(message: string): JsonObject | undefined {
  const text = message.trim()
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** An own property: a log may be about `constructor`. */
export function ownValue(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

/** The first of the keys that the object has with a value that is not null. */
export function firstValue(object: JsonObject, keys: readonly string[]): unknown {
  for (const key of keys) {
    const value = ownValue(object, key)
    if (value !== undefined && value !== null) return value
  }
  return undefined
}
