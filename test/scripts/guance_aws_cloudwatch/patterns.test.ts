import { describe, expect, it } from 'vitest'
import { compilePatterns } from '../../../scripts/guance_aws_cloudwatch/patterns.ts'

it('a metric pattern finds *cpu* in CPUUtilization', () => {
  expect(compilePatterns(['*cpu*'], 'targets[0].metrics')('CPUUtilization')).toBe(true)
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
