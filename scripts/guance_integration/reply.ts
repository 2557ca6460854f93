/**
 * The SDK types what AWS sends and checks none of it: a proxy's answer, a broken cache or a test double may be any JSON.
 * Read once, where it comes in. SyntaxError is what the SDK itself throws for a reply that is no JSON, and is repeated
 * like any transient failure.
 */

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'string'
}

/** The list of a reply, each of whose items is an object with texts (or nothing) under `texts`; throws SyntaxError. */
export function readList<Item extends object>(
  value: unknown,
  what: string,
  texts: readonly (keyof Item & string)[],
): readonly Item[] {
  // An empty 200 of a proxy parses to nothing at all, and would look like an account without any.
  if (!Array.isArray(value)) throw new SyntaxError(`the reply has no list of ${what}`)
  const isItem = (item: unknown): boolean => isRecord(item) && texts.every((key) => isTextOrAbsent(item[key]))
  if (!value.every(isItem)) throw new SyntaxError(`the reply has something else among its ${what}`)
  // Each item was looked at as far as its texts go; the rest is checked where it is used.
  return value as readonly Item[]
}

/** Where the next page begins; undefined after the last one. Throws SyntaxError, also for the token that was just given: its pages would not end. */
export function readToken(value: unknown, given: string | undefined): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (value === given) throw new SyntaxError('the reply names itself as the next page')
  // Half of a pair of UTF-16 cannot be sent back: no query and no body can hold it.
  if (typeof value === 'string' && value.isWellFormed()) return value
  throw new SyntaxError('the reply has a token that is no text')
}

/** A text of a reply; undefined for an empty one and for anything else. */
export function readText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A number of a reply, of which the SDK makes a BigInt when it is large; undefined for anything else. */
export function readNumber(value: unknown): number | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}
