import { DffError } from './error.ts'

/** Deeper than anything that a person or a form writes; recursion of whoever walks it must end. */
const MAX_DEPTH = 64

/** Bounds of what is checked against a schema: comparing every item of a list with every other takes the square of their number. */
export interface SizeLimits {
  readonly maxValues: number
  readonly maxCharacters: number
}

/** Far beyond the patterns, regions and tags of any account. */
export const PARAMETER_LIMITS: SizeLimits = { maxValues: 20_000, maxCharacters: 4 * 1024 ** 2 }

function tooLarge(place: string, expected: string): DffError {
  return new DffError({
    code: 'BAD_PARAMETER',
    place,
    expected,
    got: 'more',
    remedy: 'Look for a value that holds itself, or that was put together in a loop.',
  })
}

interface Visit {
  readonly value: unknown
  readonly depth: number
}

/** Throws BAD_PARAMETER for a value that nests too deep (one that holds itself does) or holds too much. Walks without recursion. */
export function checkSize(value: unknown, place: string, limits: SizeLimits): void {
  const open: Visit[] = [{ value, depth: 0 }]
  let values = 0
  let characters = 0
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    values += 1
    if (typeof visit.value === 'string') characters += visit.value.length
    if (visit.depth > MAX_DEPTH) throw tooLarge(place, `at most ${MAX_DEPTH} levels`)
    if (values + open.length > limits.maxValues) throw tooLarge(place, `at most ${limits.maxValues} values`)
    if (characters > limits.maxCharacters) throw tooLarge(place, `at most ${limits.maxCharacters} characters`)
    if (typeof visit.value !== 'object' || visit.value === null) continue
    const { depth } = visit
    // A list may be long without holding anything, and its length is what a schema walks.
    if (Array.isArray(visit.value) && visit.value.length > limits.maxValues) {
      throw tooLarge(place, `at most ${limits.maxValues} values`)
    }
    // Keys count as text too; an inherited one is no parameter.
    for (const [key, inner] of Object.entries(visit.value)) {
      characters += key.length
      open.push({ value: inner, depth: depth + 1 })
    }
  }
}
