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
 * A search is linear in the text, but all of them together are not: where a pattern may go on after what it found, as
 * `key=\w+(.*;)?` may, each search reads on to the end in vain. So there may be no more steps than these readings of the text
 * take, and some for a short one. A pattern that stops where its match ends needs one or two.
 */
const READINGS = 4
const FREE_STEPS = 2 ** 21

/** Longer texts, in characters times instructions, RE2JS does not backtrack over: each read is then compared with all instructions. */
const MAX_BACKTRACKED = 2 ** 18

/** What beginning a search costs besides, in reads. */
const READS_PER_SEARCH = 8

/** Characters that the search for a fixed text passes in the time of one read, at least. */
const PASSED_PER_READ = 16

class ReadsUsedUp extends Error {}

/** The text for RE2JS, which reads it by these two methods alone. Throws ReadsUsedUp. */
class CountedText extends String {
  readonly #text: string
  #readsLeft: number

  constructor(text: string, reads: number) {
    super(text)
    this.#text = text
    this.#readsLeft = reads
  }

  spend(reads: number): void {
    this.#readsLeft -= reads
    if (this.#readsLeft < 0) throw new ReadsUsedUp()
  }

  override charCodeAt(at: number): number {
    this.#readsLeft -= 1
    if (this.#readsLeft < 0) throw new ReadsUsedUp()
    return this.#text.charCodeAt(at)
  }

  override indexOf(searched: string, from = 0): number {
    const at = this.#text.indexOf(searched, from)
    this.spend(((at === -1 ? this.#text.length : at) - from) / PASSED_PER_READ)
    return at
  }
}

function readsFor(text: string, instructions: number): number {
  const steps = text.length * instructions
  return (READINGS * steps + FREE_STEPS) / (steps > MAX_BACKTRACKED ? instructions : 1)
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
      counted.spend(READS_PER_SEARCH)
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
