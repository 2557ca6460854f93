/** What stands for a hidden value, as Func prints it (guance.md §4.8). */
const HIDDEN = '*****'

/** Shorter values occur in ordinary words: hiding them would make a log unreadable and protect nothing. */
const MIN_SECRET_LENGTH = 6

/** A DataWay URL carries its token, a proxy URL its password; both get into error messages of HTTP clients. */
const TOKEN_IN_URL = String.raw`(?<=[?&]token=)[^&\s"'<>\\]+`
const PASSWORD_IN_URL = String.raw`(?<=\w:\/\/)[^\s/@"'<>\\]+(?=@)`

/** Replaces secrets in a text. */
export interface Mask {
  /** With a limit: only the first `limit` characters, where a secret that begins before the limit is hidden whole. */
  (text: string, limit?: number): string
  /** Length of the longest value to hide: what a caller must keep beyond a limit. */
  readonly longest: number
}

function escapePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`)
}

/** A secret as it may be printed: plain, inside JSON, inside a URL (either case of the hex digits), as form data. */
function spellings(secret: string): readonly string[] {
  // A lone surrogate cannot be put into a URL, and encodeURI would throw on it.
  const url = encodeURIComponent(secret.toWellFormed())
  const lowerUrl = url.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())
  const form = new URLSearchParams([['', secret]]).toString().slice(1)
  const json = JSON.stringify(secret).slice(1, -1)
  return [
    secret,
    json,
    json.replaceAll('/', String.raw`\/`),
    encodeURI(secret.toWellFormed()),
    url,
    lowerUrl,
    form,
  ]
}

/** A function that hides these values, in every usual spelling, and tokens and passwords inside URLs. */
export function createMask(secrets: Iterable<string>): Mask {
  const parts = [...secrets].flatMap((secret) => [secret, ...secret.split(/\r?\n/)])
  const spelt = new Set(parts.filter((part) => part.length >= MIN_SECRET_LENGTH).flatMap(spellings))
  const longestFirst = [...spelt].toSorted((left, right) => right.length - left.length)
  const pattern = new RegExp(
    [...longestFirst.map(escapePattern), TOKEN_IN_URL, PASSWORD_IN_URL].join('|'),
    'g',
  )
  const mask = (text: string, limit = Infinity): string => {
    let shown = ''
    let from = 0
    for (const match of text.matchAll(pattern)) {
      if (match.index >= limit) break
      shown += text.slice(from, match.index) + HIDDEN
      from = match.index + match[0].length
    }
    return shown + text.slice(from, Math.max(from, limit))
  }
  return Object.assign(mask, { longest: longestFirst[0]?.length ?? 0 })
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
