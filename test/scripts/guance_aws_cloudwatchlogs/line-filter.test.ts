import { describe, expect, it } from 'vitest'
import { makeLineFilter } from '../../../scripts/guance_aws_cloudwatchlogs/line-filter.ts'

describe('include and exclude', () => {
  it('want every message where nothing is said', () => {
    expect(makeLineFilter({}, 'logs')('anything')).toBe(true)
  })

  it('want what one include finds and no exclude does', () => {
    const isWanted = makeLineFilter({ include: ['支付', '^ERROR'], exclude: ['health'] }, 'logs')
    expect(['支付 ok', 'ERROR x', 'x ERROR', 'ERROR health'].map(isWanted)).toEqual([
      true,
      true,
      false,
      false,
    ])
  })

  it('name the place of a pattern that is none', () => {
    expect(() => makeLineFilter({ include: ['a'], exclude: ['b', '['] }, 'logs[2]')).toThrow(
      /^logs\[2\]\.exclude\[1\]: expected a regular expression without look-arounds/,
    )
  })
})
