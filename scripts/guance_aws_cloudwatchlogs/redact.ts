import { HIDDEN, hideShapes } from 'guance-aws-lambda/dff'
import { hideCardNumbers } from './card-number.ts'
import { compilePattern } from './user-pattern.ts'

export interface RedactOptions {
  /** Regular expressions of what is hidden besides; whole matches become `*****`. */
  readonly patterns?: readonly string[]
  /** Whether nothing is hidden by its looks. The patterns stay in force. */
  readonly isOff?: boolean
}

/**
 * Hides what has the looks of a key, a token or a card number (AWS keys, JWT, Bearer and Basic, signatures, passwords in URLs,
 * Guance's tokens, card numbers that pass Luhn), then the user's patterns. Throws BAD_PARAMETER naming `place.patterns[n]`.
 */
export function makeRedactor(
  { patterns = [], isOff = false }: RedactOptions,
  place: string,
): (text: string) => string {
  const own = patterns.map((pattern, index) => compilePattern(pattern, `${place}.patterns[${index}]`))
  return (text) => {
    let shown = isOff ? text : hideCardNumbers(hideShapes(text))
    for (const pattern of own) {
      // A pattern may find the empty text too, where there is nothing to hide.
      shown = pattern.matcher(shown).replaceAll((found: string) => (found === '' ? '' : HIDDEN))
    }
    return shown
  }
}
