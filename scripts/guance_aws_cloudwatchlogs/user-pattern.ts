import { DffError } from 'guance-aws-lambda/dff'

/** No useful pattern is longer. */
const MAX_LENGTH = 1_000

function refuse(place: string, expected: string, got: string): DffError {
  return new DffError({
    code: 'BAD_PARAMETER',
    place,
    expected,
    got,
    remedy: String.raw`Try the pattern on a line of your log; a character like ( or * that is meant itself is written \( or \*.`,
  })
}

interface Group {
  /** It holds something that may repeat without a bound, or a choice. */
  isOpen: boolean
}

/** `*`, `+` and `{n,}` repeat without a bound. */
const UNBOUNDED = /^(?:\*|\+|\{\d+,\})/

/** Where a character class ends; within one nothing repeats. */
function classEnd(source: string, from: number): number {
  for (let at = from + 1; at < source.length; at += 1) {
    if (source[at] === '\\') at += 1
    else if (source[at] === ']') return at
  }
  return source.length
}

/** Whether a group that repeats holds a repetition or a choice itself, as (a+)+ and (a|aa)* do: such a pattern may take years on one line. */
function isExplosive(source: string): boolean {
  const groups: Group[] = []
  for (let at = 0; at < source.length; at += 1) {
    const rest = source.slice(at)
    const inner = groups.at(-1)
    if (source[at] === '\\') at += 1
    else if (source[at] === '[') at = classEnd(source, at)
    else if (source[at] === '(') groups.push({ isOpen: false })
    else if (source[at] === '|' && inner !== undefined) inner.isOpen = true
    else if (UNBOUNDED.test(rest) && inner !== undefined) inner.isOpen = true
    else if (source[at] === ')') {
      const closed = groups.pop()
      // (a|aa){30} tries as many ways as (a|aa)* does on a text of that length.
      const repeats = /^\)(?:\*|\+|\{\d+,\d*\}|\{(?!0*[01]\})\d+\})/.test(rest)
      if (closed?.isOpen === true && repeats) return true
      const outer = groups.at(-1)
      if (outer !== undefined && closed?.isOpen === true) outer.isOpen = true
    }
  }
  return false
}

/** The source of a user's regular expression, checked; throws BAD_PARAMETER that names the place. */
export function checkPattern(source: string, place: string): string {
  if (source === '' || source.length > MAX_LENGTH) {
    throw refuse(
      place,
      `a regular expression of 1 to ${MAX_LENGTH} characters`,
      `${source.length} characters`,
    )
  }
  if (isExplosive(source)) {
    throw refuse(
      place,
      'a pattern without a repetition or choice inside a repeated group',
      JSON.stringify(source),
    )
  }
  if (/\\(?:[1-9]|k<)/.test(source)) {
    throw refuse(place, 'a pattern without back references', JSON.stringify(source))
  }
  try {
    // Compiled to be refused here, by name, rather than at the first line.
    RegExp(source, 'u')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw refuse(place, 'a regular expression of JavaScript', `${JSON.stringify(source)} (${reason})`)
  }
  return source
}
