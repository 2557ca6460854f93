import { compileNames, type NameTest } from 'guance-aws-lambda/sets/guance_integration'

export type MetricPatterns = 'ALL' | readonly string[]

/** One target's list as a test of metric names, whatever their case; throws BAD_PARAMETER on a misplaced NOT or a list that excludes all. */
export function compilePatterns(patterns: MetricPatterns, place: string): NameTest {
  if (patterns === 'ALL') return () => true
  // The words are upstream's in capitals alone: a metric may be called `not`.
  const lower = patterns.map((pattern) =>
    ['ALL', 'NOT'].includes(pattern) ? pattern : pattern.toLowerCase(),
  )
  const isMeant = compileNames(lower, { place, example: 'Async*' })
  return (name) => isMeant(name.toLowerCase())
}
