import { DffError } from 'guance-aws-lambda/dff'

/** Upstream's words in a metric list (guance.md §2.2); names match whatever their case. */
const ALL = 'ALL'
const NOT = 'NOT'

export type MetricPatterns = 'ALL' | readonly string[]
export type NameTest = (name: string) => boolean

/** `*` stands for any run of characters. Searches each literal part in turn, so that no pattern can take exponential time. */
export function matchesGlob(pattern: string, name: string): boolean {
  const parts = pattern.toLowerCase().split('*')
  const text = name.toLowerCase()
  const [first = '', ...middle] = parts
  const last = middle.pop()
  if (last === undefined) return text === first
  if (!text.startsWith(first) || !text.endsWith(last)) return false
  let position = first.length
  for (const part of middle) {
    const found = text.indexOf(part, position)
    if (found < 0) return false
    position = found + part.length
  }
  return position + last.length <= text.length
}

function refuse(place: string, expected: string, got: string): never {
  throw new DffError({
    code: 'BAD_PARAMETER',
    place,
    expected,
    got,
    remedy: "Write names, * wildcards or ALL; to leave metrics out, NOT first: ['NOT', 'Async*'].",
  })
}

/** Patterns without a leading NOT: what the list names, whether it takes or leaves out. */
export function namedPatterns(patterns: MetricPatterns): readonly string[] {
  if (patterns === ALL) return []
  return (patterns[0] === NOT ? patterns.slice(1) : patterns).filter((pattern) => pattern !== ALL)
}

/** One target's list as a test of metric names; throws BAD_PARAMETER on a misplaced NOT or a list that excludes all. */
export function compilePatterns(patterns: MetricPatterns, place: string): NameTest {
  if (patterns === ALL) return () => true
  const isExclusion = patterns[0] === NOT
  const listed = isExclusion ? patterns.slice(1) : patterns
  if (listed.includes(NOT)) refuse(place, 'NOT as the first element', `NOT at ${patterns.lastIndexOf(NOT)}`)
  if (listed.length === 0) refuse(place, 'at least one pattern after NOT', 'only NOT')
  const takesAll = listed.includes(ALL)
  if (isExclusion && takesAll) refuse(place, 'patterns that leave something', 'NOT with ALL')
  const isListed: NameTest = (name) => takesAll || listed.some((pattern) => matchesGlob(pattern, name))
  return isExclusion ? (name) => !isListed(name) : isListed
}
