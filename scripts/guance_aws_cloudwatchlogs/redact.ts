import { hideShapes } from 'guance-aws-lambda/dff'
import { hideCardNumbers } from './card-number.ts'
import { type Hidden, hideFound } from './hide-found.ts'
import { compilePattern } from './user-pattern.ts'

export interface RedactOptions {
  /** Regular expressions of what is hidden besides; whole matches become `*****`. */
  readonly patterns?: readonly string[]
  /** Whether nothing is hidden by its looks. The patterns stay in force. */
  readonly isOff?: boolean
}

/** What becomes of a message before it leaves the task. */
export type Redact = (text: string) => Hidden

/**
 * Hides what has the looks of a key, a token or a card number (AWS keys, JWT, Bearer and Basic, signatures, passwords in URLs,
 * Guance's tokens, card numbers that pass Luhn), then the user's patterns. Throws BAD_PARAMETER naming `place.patterns[n]`.
 */
export function makeRedactor({ patterns = [], isOff = false }: RedactOptions, place: string): Redact {
  const own = patterns.map((pattern, index) => compilePattern(pattern, `${place}.patterns[${index}]`))
  return (text) =>
    own.reduce<Hidden>(
      (shown, pattern) => {
        const hidden = hideFound(shown.text, pattern)
        return { text: hidden.text, isRestHidden: shown.isRestHidden || hidden.isRestHidden }
      },
      { text: isOff ? text : hideCardNumbers(hideShapes(text)), isRestHidden: false },
    )
}
