import { closestName } from '../../core/closest.ts'
import { DffError } from '../../core/error.ts'

/** UNKNOWN_NAME for an id that nothing has, with the nearest known one. */
export function unknownName(what: string, name: string, known: readonly string[], list: string): DffError {
  const near = closestName(name, known)
  return new DffError({
    code: 'UNKNOWN_NAME',
    place: what,
    expected: known.length === 0 ? `a known ${what} (there is none yet)` : `a known ${what}`,
    got: name === '' ? 'an empty name' : name,
    remedy: near === undefined ? `See ${list}.` : `Did you mean ${near}? See ${list}.`,
  })
}
