import { compilePattern, type UserPattern } from './user-pattern.ts'

export interface LineFilterOptions {
  /** Regular expressions; a message that none of them finds is left out. None: every message. */
  readonly include?: readonly string[]
  /** Regular expressions; a message that one of them finds is left out, whatever `include` says. */
  readonly exclude?: readonly string[]
}

function compile(patterns: readonly string[], place: string): readonly UserPattern[] {
  return patterns.map((pattern, index) => compilePattern(pattern, `${place}[${index}]`))
}

/** Tells whether a message is wanted. Throws BAD_PARAMETER naming `place.include[n]` or `place.exclude[n]`. */
export function makeLineFilter(
  { include = [], exclude = [] }: LineFilterOptions,
  place: string,
): (message: string) => boolean {
  const wanted = compile(include, `${place}.include`)
  const unwanted = compile(exclude, `${place}.exclude`)
  return (message) =>
    (wanted.length === 0 || wanted.some((pattern) => pattern.test(message))) &&
    !unwanted.some((pattern) => pattern.test(message))
}
