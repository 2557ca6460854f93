import { DffError } from 'guance-aws-lambda/dff'
import { compileGlobs, type NameTest } from './glob.ts'

/** Upstream's words in a list of names (guance.md §2.2, §5.1). */
const ALL = 'ALL'
const NOT = 'NOT'

interface NameListOptions {
  readonly place: string
  /** Of the error: what a list without some names looks like. */
  readonly example: string
}

function refuse({ place, example }: NameListOptions, expected: string, got: string): never {
  const remedy = `Write names, * wildcards or ALL; to leave some out, NOT first: ['NOT', '${example}'].`
  throw new DffError({ code: 'BAD_PARAMETER', place, expected, got, remedy })
}

/** Patterns without a leading NOT and without ALL: what a list names, whether it takes or leaves out. */
export function namedPatterns(patterns: readonly string[]): readonly string[] {
  return (patterns[0] === NOT ? patterns.slice(1) : patterns).filter((pattern) => pattern !== ALL)
}

/** A list of names, `*` patterns, ALL and a leading NOT as a test. Throws BAD_PARAMETER on a misplaced NOT or a list that leaves nothing. */
export function compileNames(patterns: readonly string[], options: NameListOptions): NameTest {
  const isExclusion = patterns[0] === NOT
  const listed = isExclusion ? patterns.slice(1) : patterns
  if (listed.includes(NOT)) refuse(options, 'NOT as the first element', `NOT at ${patterns.lastIndexOf(NOT)}`)
  if (listed.length === 0) refuse(options, 'at least one pattern after NOT', 'only NOT')
  const takesAll = listed.includes(ALL)
  if (isExclusion && takesAll) refuse(options, 'patterns that leave something', 'NOT with ALL')
  const isListed: NameTest = takesAll ? () => true : compileGlobs(listed)
  return isExclusion ? (name) => !isListed(name) : isListed
}
