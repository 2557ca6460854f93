import { HIDDEN, SECRET_SHAPES } from '../../core/secret-shape.ts'
import { encodedInside, isBase64Char } from './base64-inside.ts'

/** Shorter values occur in ordinary words: hiding them would make a log unreadable and protect nothing. */
const MIN_SECRET_LENGTH = 6

/** What has a shape but is not known is at most this long where it matters: an access key id, the start of a signature. */
const LONGEST_SHAPE = 64

/** Replaces secrets in a text. */
export interface Mask {
  /** With a limit: only the first `limit` characters, where a secret that begins before the limit is hidden whole. */
  (text: string, limit?: number): string
  /** Length of the longest value to hide: what a caller must keep beyond a limit. */
  readonly longest: number
  /** For a text that somebody else may have cut off: hides the beginning of a secret at its end as well. */
  readonly cut: (text: string) => string
}

const SHAPES = new RegExp(SECRET_SHAPES.join('|'), 'g')

function escapePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`)
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

/** A secret as it may be printed: plain, inside JSON and JSON inside it, inside a URL (either case of the hex digits), as form data, in hex. */
function spellings(secret: string): readonly string[] {
  // A lone surrogate cannot be put into a URL, and encodeURI would throw on it.
  const url = encodeURIComponent(secret.toWellFormed())
  const lowerUrl = url.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())
  const form = new URLSearchParams([['', secret]]).toString().slice(1)
  const json = inJson(secret)
  const hex = Buffer.from(secret).toString('hex')
  return [
    secret,
    json,
    json.replaceAll('/', String.raw`\/`),
    inJson(json),
    encodeURI(secret.toWellFormed()),
    url,
    lowerUrl,
    form,
    hex,
    hex.toUpperCase(),
  ]
}

/** Fewer characters of a secret at the end of a text say nothing. */
const MIN_CUT_LENGTH = 4

/** Where a word begins that the end of the text cuts off; the length of the text when none does. */
function findCut(text: string, words: Iterable<string>): number {
  for (const word of words) {
    for (let length = Math.min(word.length - 1, text.length); length >= MIN_CUT_LENGTH; length -= 1) {
      if (text.endsWith(word.slice(0, length))) return text.length - length
    }
  }
  return text.length
}

/** Every way in which these values may be written, and those of them that are the inside of a longer base64 text. */
function collect(secrets: Iterable<string>): { readonly plain: Set<string>; readonly inside: Set<string> } {
  const parts = [...secrets].flatMap((secret) => [secret, ...secret.split(/\r?\n/)])
  const long = parts.filter((part) => part.length >= MIN_SECRET_LENGTH)
  return { plain: new Set(long.flatMap(spellings)), inside: new Set(long.flatMap(encodedInside)) }
}

/** A function that hides these values, in every usual spelling, and what has the shape of a key or token wherever it stands. */
export function createMask(secrets: Iterable<string>): Mask {
  const { plain, inside } = collect(secrets)
  const longestFirst = [...plain, ...inside].toSorted((left, right) => right.length - left.length)
  const whole = new RegExp([...longestFirst.map(escapePattern), ...SECRET_SHAPES].join('|'), 'g')
  const mask = (text: string, limit = Infinity): string => {
    let shown = ''
    let from = 0
    // Looking for hundreds of words one by one is ten times faster than a pattern of all of them, and mostly finds none.
    const pattern = longestFirst.some((word) => text.includes(word)) ? whole : SHAPES
    for (const match of text.matchAll(pattern)) {
      if (match.index >= limit) break
      const isInside = inside.has(match[0])
      // One character on either side holds some bits of the secret and some of its neighbours.
      const start = match.index - (isInside && isBase64Char(text.charAt(match.index - 1)) ? 1 : 0)
      const end = match.index + match[0].length
      // What a shape begins with (`token=`) is no secret and says what was hidden.
      const kept = match.slice(1).find((group) => group !== undefined) ?? ''
      shown += text.slice(from, Math.max(from, start)) + kept + HIDDEN
      from = end + (isInside && isBase64Char(text.charAt(end)) ? 1 : 0)
    }
    return shown + text.slice(from, Math.max(from, limit))
  }
  const cut = (text: string): string => {
    const at = findCut(text, plain)
    return at === text.length ? mask(text) : `${mask(text.slice(0, at))}${HIDDEN}`
  }
  return Object.assign(mask, { cut, longest: Math.max(LONGEST_SHAPE, longestFirst[0]?.length ?? 0) })
}

/** The same value with every text inside it masked, keys too; for what a task reports besides its log. */
export function maskDeep<T>(value: T, mask: Mask): T {
  return maskAny(value, mask) as T // same shape by construction: only texts change
}

function maskAny(value: unknown, mask: Mask): unknown {
  if (typeof value === 'string') return mask(value)
  if (Array.isArray(value)) return value.map((item) => maskAny(item, mask))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [mask(key), maskAny(item, mask)]))
}

/** A mask that grows while a task runs: with the credentials it is given, and with what else is in use by then. */
export class GrowingMask {
  readonly #inUse: () => readonly string[]
  readonly #learned = new Set<string>()
  #mask: Mask = createMask([])
  #covered = ''

  constructor(inUse: () => readonly string[]) {
    this.#inUse = inUse
  }

  learn(secrets: readonly (string | undefined)[]): void {
    for (const secret of secrets) if (secret !== undefined) this.#learned.add(secret)
  }

  /** As of the last refresh; a pattern is compiled only when a secret came or went. */
  get mask(): Mask {
    return this.#mask
  }

  refresh(): Mask {
    const secrets = [...this.#learned, ...this.#inUse()]
    const key = secrets.join('\n')
    if (key !== this.#covered) this.#mask = createMask(secrets)
    this.#covered = key
    return this.#mask
  }
}
