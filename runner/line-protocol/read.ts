/** What a receipt needs to know of one line. */
export interface LineHead {
  readonly line: string
  /** Measurement and tags as they are written: what makes two lines the same series. */
  readonly series: string
  readonly measurement: string
  readonly tags: ReadonlyMap<string, string>
  readonly fieldKeys: readonly string[]
  readonly timeMs: number
}

const NS_PER_MS = 1_000_000
const SKIP_ESCAPED = 2

/** Index of the first of `stops` from `from` on that no backslash precedes, or the end of the text. */
function findUnescaped(text: string, stops: string, from: number): number {
  let index = from
  while (index < text.length && !stops.includes(text.charAt(index))) {
    index += text[index] === '\\' ? SKIP_ESCAPED : 1
  }
  return Math.min(index, text.length)
}

/** Index after a field value; inside quotes a comma, a space or a line break is text. */
function findValueEnd(text: string, from: number): number {
  if (text[from] !== '"') return findUnescaped(text, ', \n', from)
  return findUnescaped(text, '"', from + 1) + 1
}

function unescape(text: string): string {
  return text.includes('\\') ? text.replace(/\\([,= ])/g, '$1') : text
}

function readTags(text: string): ReadonlyMap<string, string> {
  const tags = new Map<string, string>()
  let index = 0
  while (index < text.length) {
    const equals = findUnescaped(text, '=', index)
    const end = findUnescaped(text, ',', equals + 1)
    tags.set(unescape(text.slice(index, equals)), unescape(text.slice(equals + 1, end)))
    index = end + 1
  }
  return tags
}

function readLine(text: string, start: number): { readonly head: LineHead; readonly end: number } {
  const nameEnd = findUnescaped(text, ', ', start)
  const tagsEnd = findUnescaped(text, ' ', nameEnd)
  const fieldKeys: string[] = []
  let index = tagsEnd
  do {
    const equals = findUnescaped(text, '=', index + 1)
    fieldKeys.push(unescape(text.slice(index + 1, equals)))
    index = findValueEnd(text, equals + 1)
  } while (text[index] === ',')
  const newline = text.indexOf('\n', index)
  const end = newline === -1 ? text.length : newline
  const head: LineHead = {
    line: text.slice(start, end),
    series: text.slice(start, tagsEnd),
    measurement: unescape(text.slice(start, nameEnd)),
    tags: readTags(text.slice(nameEnd + 1, tagsEnd)),
    fieldKeys,
    timeMs: Math.round(Number(text.slice(index + 1, end)) / NS_PER_MS),
  }
  return { head, end }
}

/**
 * The lines of a body that `encodeLine` wrote, so that a batch can be cut in pieces. Not a general reader: it trusts
 * the form, and so a body made by anything else gives lines without meaning, but always ends.
 */
export function readLines(body: string): LineHead[] {
  const heads: LineHead[] = []
  for (let index = 0; index < body.length;) {
    const { head, end } = readLine(body, index)
    heads.push(head)
    index = end + 1
  }
  return heads
}
