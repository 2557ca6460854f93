/** A control request that cannot be done as asked; answered 400 with its message. */
export class ControlError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ControlError'
  }
}

/** The members of a JSON body; none when the body is empty. */
export type Input = Readonly<Record<string, unknown>>

/** Reads a JSON object. Throws ControlError for anything else. */
export function parseInput(body: string): Input {
  try {
    const value: unknown = JSON.parse(body || '{}')
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // Refused below.
  }
  throw new ControlError('expected a JSON object as the body')
}

/** An object; `what` names it in the refusal of anything else. */
export function recordOf(value: unknown, what: string): Input {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new ControlError(`${what} must be an object, got ${JSON.stringify(value)}`)
}

/** Refuses members that nobody reads: a misspelt one would otherwise do nothing, silently. */
export function checkKeys(input: Input, keys: readonly string[]): void {
  const unknown = Object.keys(input).find((key) => !keys.includes(key))
  if (unknown !== undefined) throw new ControlError(`unknown member ${unknown}; known are ${keys.join(', ')}`)
}

/** An optional finite number. */
export function numberOf(input: Input, key: string): number | undefined {
  const value = input[key]
  if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value
  throw new ControlError(`${key} must be a number, got ${JSON.stringify(value)}`)
}

/** An optional number from 0 to 1. */
export function shareOf(input: Input, key: string): number | undefined {
  const value = numberOf(input, key)
  if (value === undefined || (value >= 0 && value <= 1)) return value
  throw new ControlError(`${key} must be from 0 to 1, got ${value}`)
}

/** An optional boolean. */
export function flagOf(input: Input, key: string): boolean | undefined {
  const value = input[key]
  if (value === undefined || typeof value === 'boolean') return value
  throw new ControlError(`${key} must be true or false, got ${JSON.stringify(value)}`)
}

/** An optional string. */
export function textOf(input: Input, key: string): string | undefined {
  const value = input[key]
  if (value === undefined || typeof value === 'string') return value
  throw new ControlError(`${key} must be a string, got ${JSON.stringify(value)}`)
}

/** An optional list of strings. */
export function textsOf(input: Input, key: string): readonly string[] | undefined {
  const value = input[key]
  if (value === undefined) return undefined
  const texts = Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : []
  if (Array.isArray(value) && texts.length === value.length) return texts
  throw new ControlError(`${key} must be a list of strings, got ${JSON.stringify(value)}`)
}

/** One of a few words. */
export function wordOf<Word extends string>(input: Input, key: string, words: readonly Word[]): Word {
  const word = words.find((each) => each === input[key])
  if (word !== undefined) return word
  throw new ControlError(`${key} must be one of ${words.join(', ')}, got ${JSON.stringify(input[key])}`)
}

/** A value that has to be there. */
export function required<T>(value: T | undefined, key: string): T {
  if (value === undefined) throw new ControlError(`${key} is required`)
  return value
}
