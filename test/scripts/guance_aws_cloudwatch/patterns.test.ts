import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePatterns, matchesGlob } from '../../../scripts/guance_aws_cloudwatch/patterns.ts'

describe('a metric pattern', () => {
  it('matches as the same regular expression would, whatever the case', () => {
    const piece = fc.string({ unit: fc.constantFrom('a', 'B', 'c', '*'), maxLength: 8 })
    const name = fc.string({ unit: fc.constantFrom('A', 'b', 'c'), maxLength: 10 })
    fc.assert(
      fc.property(piece, name, (pattern, text) => {
        const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`, 'i')
        expect(matchesGlob(pattern, text)).toBe(expression.test(text))
      }),
      { numRuns: 2_000 },
    )
  })

  it('takes a character of a regular expression for itself', () => {
    expect(matchesGlob('a.c', 'abc')).toBe(false)
    expect(matchesGlob('(a|b', '(a|b')).toBe(true)
  })

  it('finds *cpu* in CPUUtilization', () => {
    expect(matchesGlob('*cpu*', 'CPUUtilization')).toBe(true)
  })
})

describe('a list of patterns', () => {
  it.each([
    [
      ['Errors', 'Async*'],
      ['Errors', 'AsyncEventAge', 'asynceventsdropped'],
      ['Throttles', 'EventAsync'],
    ],
    [['ALL'], ['Errors', 'anything'], []],
    ['ALL' as const, ['Errors'], []],
    [['NOT', 'Errors', '*Age'], ['Invocations'], ['Errors', 'IteratorAge']],
  ])('%j takes and leaves', (patterns, taken, left) => {
    const test = compilePatterns(patterns, 'targets[0].metrics')
    expect(taken.filter(test)).toEqual(taken)
    expect(left.filter(test)).toEqual([])
  })

  it.each([
    [['Errors', 'NOT', 'Duration'], /NOT as the first element, got NOT at 1/],
    [['NOT', 'NOT'], /NOT as the first element/],
    [['NOT'], /at least one pattern after NOT/],
    [['NOT', 'ALL'], /NOT with ALL/],
  ])('%j is refused', (patterns, message) => {
    expect(() => compilePatterns(patterns, 'targets[0].metrics')).toThrow(message)
  })
})
