import { DffError } from 'guance-aws-lambda/dff'
import { RE2JS } from 're2js'
import { halfCharacter, translateDialect } from './pattern-dialect.ts'

/** No useful pattern is longer. */
const MAX_LENGTH = 1_000

/**
 * Instructions of the compiled pattern; the time of a search is in proportion to them and to the text. With so many a message of 256 KiB that
 * is made for it takes some two seconds, any other a thousandth of that.
 */
const MAX_INSTRUCTIONS = 300

/**
 * A user's regular expression. One search takes time in proportion to the text: with a backtracking one like a+b a single long
 * message may take a minute. To find all matches is another matter (hide-found.ts).
 */
export type UserPattern = Pick<RE2JS, 'test' | 'matcher' | 'programSize'>

function refuse(place: string, expected: string, got: string): DffError {
  return new DffError({
    code: 'BAD_PARAMETER',
    place,
    expected,
    got,
    remedy: String.raw`Try the pattern on a line of your log; a character like ( or * that is meant itself is written \( or \*.`,
  })
}

function compile(source: string, place: string): RE2JS {
  try {
    return RE2JS.compile(RE2JS.translateRegExp(translateDialect(source)))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw refuse(
      place,
      'a regular expression without look-arounds and back references (the syntax of RE2)',
      `${JSON.stringify(source)} (${reason})`,
    )
  }
}

/** The user's regular expression, ready for use; throws BAD_PARAMETER that names the place. */
export function compilePattern(source: string, place: string): UserPattern {
  if (source === '' || source.length > MAX_LENGTH) {
    throw refuse(
      place,
      `a regular expression of 1 to ${MAX_LENGTH} characters`,
      `${source.length} characters`,
    )
  }
  const half = halfCharacter(source)
  if (half !== undefined) {
    throw refuse(
      place,
      'whole characters, such as \\u{1F600}',
      `${JSON.stringify(source)} (half of one: ${half})`,
    )
  }
  const pattern = compile(source, place)
  const size = pattern.programSize()
  if (size > MAX_INSTRUCTIONS) {
    throw refuse(
      place,
      `a pattern that repeats and chooses less (at most ${MAX_INSTRUCTIONS} steps)`,
      `${JSON.stringify(source)} (${size} steps)`,
    )
  }
  return pattern
}
