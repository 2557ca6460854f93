import { describe, expect, it } from 'vitest'
import type { Problem } from '../../../core/dff.ts'
import { makeAwsClock } from '../../../scripts/guance_integration/aws-clock.ts'

const NOW = Date.parse('2026-11-23T12:00:00Z')

function clockAt(now: number) {
  const problems: Problem[] = []
  const clock = makeAwsClock({ scope: '1', report: (problem) => problems.push(problem), now: () => now })
  return { clock, problems }
}

describe('the AWS clock', () => {
  it('is the local one until AWS has answered', () => {
    const { clock, problems } = clockAt(NOW)
    expect(clock.awsNowMs()).toBe(NOW)
    clock.observe(undefined)
    clock.observe('not a date')
    expect(clock.awsNowMs()).toBe(NOW)
    expect(clock.isKnown()).toBe(false)
    expect(problems).toEqual([])
  })

  it('follows the Date header and is quiet about a minute', () => {
    const { clock, problems } = clockAt(NOW)
    clock.observe('Mon, 23 Nov 2026 11:59:00 GMT')
    expect(clock.awsNowMs()).toBe(NOW - 60_000)
    expect(clock.isKnown()).toBe(true)
    expect(problems).toEqual([])
  })

  it('names a clock that is further off, once', () => {
    const { clock, problems } = clockAt(NOW)
    clock.observe('Mon, 23 Nov 2026 11:50:00 GMT')
    clock.observe('Mon, 23 Nov 2026 11:50:00 GMT')
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({
      code: 'clock-skew',
      message: expect.stringContaining('600 s ahead of AWS'),
    })
  })
})
