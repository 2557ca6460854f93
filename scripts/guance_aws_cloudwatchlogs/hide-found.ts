import { HIDDEN } from 'guance-aws-lambda/dff'
import { MatcherInput } from 're2js'
import type { UserPattern } from './user-pattern.ts'

/** A text in which what a pattern finds is hidden. */
export interface Hidden {
  readonly text: string
  /** Whether the end is hidden unsearched, because looking for more would have taken too long. */
  readonly isRestHidden: boolean
}

/**
 * Reads a character may take, over all searches of a text. One search is linear in the text, but all together are not: where a
 * pattern may go on after what it found, as `key=\w+(.*;)?` may, each search reads on to the end in vain. RE2JS reads a character
 * some four times where a match is long, and ten times where each character is one.
 */
const READS_PER_CHARACTER = 20

/** Over a short text, of so many characters times instructions, RE2JS backtracks: a search reads a character once an instruction. */
const MAX_BACKTRACKED = 2 ** 18
const READS_PER_INSTRUCTION = 4

/** For a text of a few words. */
const FREE_READS = 2 ** 14

class ReadsUsedUp extends Error {}

interface FoundText {
  readonly fromAt: number
  readonly at: number
}

/** The text for RE2JS, which reads it by these two methods alone. Throws ReadsUsedUp. */
class CountedText extends String {
  readonly #text: string
  readonly #found = new Map<string, FoundText>()
  #readsLeft: number

  constructor(text: string, reads: number) {
    super(text)
    this.#text = text
    this.#readsLeft = reads
  }

  override charCodeAt(at: number): number {
    this.#readsLeft -= 1
    if (this.#readsLeft < 0) throw new ReadsUsedUp()
    return this.#text.charCodeAt(at)
  }

  /** Each search asks anew for fixed parts of the pattern; what was passed is passed once. */
  override indexOf(searched: string, fromAt = 0): number {
    const known = this.#found.get(searched)
    if (known !== undefined && known.fromAt <= fromAt && (known.at === -1 || fromAt <= known.at)) {
      return known.at
    }
    const at = this.#text.indexOf(searched, fromAt)
    this.#found.set(searched, { fromAt, at })
    return at
  }
}

function readsFor({ length }: string, instructions: number): number {
  const isBacktracked = length * instructions <= MAX_BACKTRACKED
  return FREE_READS + length * (isBacktracked ? READS_PER_INSTRUCTION * instructions : READS_PER_CHARACTER)
}

/** Hides each match, and all from where the search stood when the reads were used up: nothing is shown that was not searched. */
export function hideFound(text: string, pattern: UserPattern): Hidden {
  // Most messages hold nothing to hide, and whether they do is known much sooner than where.
  if (!pattern.test(text)) return { text, isRestHidden: false }
  const counted = new CountedText(text, readsFor(text, pattern.programSize()))
  const matcher = pattern.matcher(MatcherInput.utf16(counted))
  const shown: string[] = []
  let shownTo = 0
  try {
    while (matcher.find()) {
      // A pattern may find the empty text too, where there is nothing to hide.
      if (matcher.end() === matcher.start()) continue
      shown.push(text.slice(shownTo, matcher.start()), HIDDEN)
      shownTo = matcher.end()
    }
  } catch (error) {
    if (!(error instanceof ReadsUsedUp)) throw error
    return { text: `${shown.join('')}${HIDDEN}`, isRestHidden: true }
  }
  return { text: shown.join('') + text.slice(shownTo), isRestHidden: false }
}
