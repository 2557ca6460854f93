import { DffError } from 'guance-aws-lambda/dff'

/** Upstream's words in a list of patterns (guance.md §5.1). */
const ALL = 'ALL'
const NOT = 'NOT'

export type NameTest = (name: string) => boolean

/** `*` stands for any run of characters; each literal part is searched in turn, so that no pattern takes exponential time. */
function matchesParts(name: string, parts: readonly string[]): boolean {
  const [first = '', ...middle] = parts
  const last = middle.pop()
  if (last === undefined) return name === first
  if (!name.startsWith(first) || !name.endsWith(last)) return false
  let position = first.length
  for (const part of middle) {
    const found = name.indexOf(part, position)
    if (found < 0) return false
    position = found + part.length
  }
  return position + last.length <= name.length
}

function refuse(place: string, expected: string, got: string): never {
  throw new DffError({
    code: 'BAD_PARAMETER',
    place,
    expected,
    got,
    remedy: "Write names, * wildcards or ALL; to leave some out, NOT first: ['NOT', '2026/*'].",
  })
}

/** A list of names as a test; case counts, as it does at CloudWatch Logs. Throws BAD_PARAMETER on a misplaced NOT or a list that leaves nothing. */
export function compileNames(patterns: readonly string[] | undefined, place: string): NameTest {
  if (patterns === undefined) return () => true
  const isExclusion = patterns[0] === NOT
  const listed = isExclusion ? patterns.slice(1) : patterns
  if (listed.includes(NOT)) refuse(place, 'NOT as the first element', `NOT at ${patterns.lastIndexOf(NOT)}`)
  if (listed.length === 0) refuse(place, 'at least one pattern after NOT', 'only NOT')
  const takesAll = listed.includes(ALL)
  if (isExclusion && takesAll) refuse(place, 'patterns that leave something', 'NOT with ALL')
  const parts = listed.map((pattern) => pattern.split('*'))
  const isListed: NameTest = (name) => takesAll || parts.some((each) => matchesParts(name, each))
  return isExclusion ? (name) => !isListed(name) : isListed
}
