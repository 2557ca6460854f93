import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addDuration,
  type Longest,
  longestSec,
  recentOf,
} from '../../../scripts/guance_aws_cloudwatch/longest.ts'

const DAY_MS = 86_400_000

describe('the longest duration', () => {
  it('of the last 14 days is the largest seen in them, whatever the order in which they came', () => {
    const seen = fc.array(fc.tuple(fc.nat(40), fc.nat(900)), { maxLength: 60 })
    fc.assert(
      fc.property(seen, fc.nat(40), (durations, today) => {
        const known = durations.filter(([day]) => day <= today)
        let longest: Longest = []
        for (const [day, seconds] of known) longest = addDuration(longest, day, seconds)
        const recent = known.filter(([day]) => day > today - 14).map(([, seconds]) => seconds)
        const expected = recent.length === 0 ? undefined : Math.max(...recent)
        expect(longestSec(longest, today * DAY_MS)).toBe(expected)
        expect(longestSec(recentOf(longest, today * DAY_MS), today * DAY_MS)).toBe(expected)
        expect(recentOf(longest, today * DAY_MS).length).toBeLessThanOrEqual(14)
      }),
    )
  })

  it('stays the same object when nothing changes, so that nothing is stored', () => {
    const longest = addDuration([], 5, 20)
    expect(addDuration(longest, 5, 19.5)).toBe(longest)
    expect(addDuration(longest, 4, 20)).toBe(longest)
    expect(addDuration(longest, 6, 1)).not.toBe(longest)
  })
})
