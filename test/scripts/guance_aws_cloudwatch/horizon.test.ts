import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  growsWithInvocation,
  type HorizonCause,
  latestMs,
  settleMs,
} from '../../../scripts/guance_aws_cloudwatch/horizon.ts'

const MINUTE_MS = 60_000

const causeArbitrary = fc.record({
  hasInvocations: fc.boolean(),
  timeoutSec: fc.option(fc.integer({ min: 1, max: 900 }), { nil: undefined }),
  longestSec: fc.option(fc.integer({ min: 0, max: 900 }), { nil: undefined }),
  widenMs: fc.integer({ min: 0, max: 30 }).map((minutes) => minutes * MINUTE_MS),
})

function cause(parts: Partial<HorizonCause>): HorizonCause {
  return { hasInvocations: true, timeoutSec: 900, longestSec: undefined, widenMs: 0, ...parts }
}

describe('the horizon', () => {
  it('is three minutes for what does not wait for an invocation’s end', () => {
    expect(settleMs(cause({ hasInvocations: false }))).toBe(3 * MINUTE_MS)
  })

  it('waits for the whole span of a datapoint that comes every five minutes', () => {
    const intervalMs = 5 * MINUTE_MS
    expect(settleMs(cause({ hasInvocations: false, intervalMs }))).toBe(7 * MINUTE_MS)
    expect(settleMs(cause({ timeoutSec: 3, intervalMs }))).toBe(7 * MINUTE_MS)
    expect(settleMs(cause({ longestSec: 600, intervalMs }))).toBe(18 * MINUTE_MS)
    expect(latestMs(cause({ hasInvocations: false, intervalMs }))).toBe(7 * MINUTE_MS)
  })

  it('is short for a function with a short timeout, whatever it did', () => {
    expect(settleMs(cause({ timeoutSec: 3 }))).toBe(4 * MINUTE_MS)
    expect(settleMs(cause({ timeoutSec: 3, longestSec: 2 }))).toBe(4 * MINUTE_MS)
  })

  it('follows twice the longest invocation of a function with a long timeout', () => {
    expect(settleMs(cause({ longestSec: 20 }))).toBe(5 * MINUTE_MS)
    expect(settleMs(cause({ longestSec: undefined }))).toBe(18 * MINUTE_MS)
    expect(settleMs(cause({ timeoutSec: undefined, longestSec: undefined }))).toBe(18 * MINUTE_MS)
  })

  it('is whole minutes, never below the pipeline’s, never above what the timeout asks for', () => {
    fc.assert(
      fc.property(causeArbitrary, (one) => {
        const ms = settleMs(one)
        expect(ms % MINUTE_MS).toBe(0)
        expect(ms).toBeGreaterThanOrEqual(3 * MINUTE_MS + one.widenMs)
        expect(ms).toBeLessThanOrEqual(latestMs(one))
        expect(latestMs(one)).toBeLessThanOrEqual(18 * MINUTE_MS + one.widenMs)
      }),
    )
  })

  it('never shrinks when an invocation took longer or a timeout is larger', () => {
    fc.assert(
      fc.property(causeArbitrary, fc.nat(900), (one, more) => {
        const { timeoutSec, longestSec } = one
        if (longestSec !== undefined) {
          expect(settleMs({ ...one, longestSec: longestSec + more })).toBeGreaterThanOrEqual(settleMs(one))
        }
        if (timeoutSec !== undefined) {
          expect(settleMs({ ...one, timeoutSec: timeoutSec + more })).toBeGreaterThanOrEqual(settleMs(one))
        }
      }),
    )
  })

  it('takes a stamp that nobody documents for one that waits for the end', () => {
    expect(
      ['completion', 'unknown', undefined].map((stamp) => growsWithInvocation(stamp as 'unknown')),
    ).toEqual([true, true, true])
    expect((['request', 'sample', 'end'] as const).map(growsWithInvocation)).toEqual([false, false, false])
  })
})
