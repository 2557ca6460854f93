import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  afterSuccess,
  afterThrottle,
  grant,
  type RateLimit,
  type RateRule,
  startLimit,
} from '../../../scripts/guance_integration/rate-limit.ts'

const RULE: RateRule = {
  startPerSec: 10,
  floorPerSec: 0.5,
  ceilingPerSec: 20,
  stepPerSec: 1,
  burstMs: 1_000,
}

type Answer = 'success' | 'throttled'
interface Call {
  readonly idleMs: number
  readonly answer: Answer
  /** Requests that are in flight when it is answered. */
  readonly lanes: number
}

const calls = (answer: fc.Arbitrary<Answer>): fc.Arbitrary<readonly Call[]> =>
  fc.array(
    fc.record({ idleMs: fc.integer({ min: 0, max: 3_000 }), answer, lanes: fc.integer({ min: 1, max: 6 }) }),
    { minLength: 1, maxLength: 120 },
  )
const anyCalls = calls(fc.constantFrom<Answer>('success', 'success', 'success', 'throttled'))

/** Plays calls on a clock of their own; each waits for its turn and is answered 50 ms later. */
function play(rule: RateRule, given: readonly Call[]): { sentMs: number[]; limit: RateLimit; nowMs: number } {
  const sentMs: number[] = []
  let limit = startLimit(rule)
  let nowMs = 0
  for (const { idleMs, answer, lanes } of given) {
    nowMs += idleMs
    const grantedMs = Array.from({ length: lanes }, () => {
      const granted = grant(rule, limit, nowMs)
      limit = granted.limit
      return granted.atMs
    })
    sentMs.push(...grantedMs)
    nowMs = Math.max(...grantedMs) + 50
    for (const grantedAtMs of grantedMs) {
      limit =
        answer === 'success'
          ? afterSuccess(rule, limit, grantedAtMs)
          : afterThrottle(rule, limit, { grantedAtMs, nowMs })
    }
  }
  return { sentMs, limit, nowMs }
}

/** The most requests in any span of this length that starts with one of them. */
function mostWithin(sentMs: readonly number[], spanMs: number): number {
  return Math.max(...sentMs.map((from) => sentMs.filter((at) => at >= from && at < from + spanMs).length))
}

describe('an AIMD rate limit', () => {
  it('never lets more go in any window than the ceiling allows', () => {
    fc.assert(
      fc.property(anyCalls, fc.integer({ min: 100, max: 20_000 }), (given, spanMs) => {
        const { sentMs } = play(RULE, given)
        const most = 1 + ((RULE.burstMs + spanMs) * RULE.ceilingPerSec) / 1_000
        expect(mostWithin(sentMs, spanMs)).toBeLessThanOrEqual(Math.ceil(most))
      }),
    )
  })

  it('lets nothing go before its turn, and never backwards', () => {
    fc.assert(
      fc.property(anyCalls, (given) => {
        const { sentMs } = play(RULE, given)
        expect(sentMs).toEqual(sentMs.toSorted((left, right) => left - right))
      }),
    )
  })

  it('stays between its floor and its ceiling', () => {
    fc.assert(
      fc.property(anyCalls, (given) => {
        const { perSec } = play(RULE, given).limit
        expect(perSec).toBeGreaterThanOrEqual(RULE.floorPerSec)
        expect(perSec).toBeLessThanOrEqual(RULE.ceilingPerSec)
      }),
    )
  })

  it('recovers: from whatever happened, a minute and a half of successes bring the ceiling back', () => {
    fc.assert(
      fc.property(anyCalls, (given) => {
        let { limit, nowMs } = play(RULE, given)
        const untilMs = nowMs + 90_000
        while (nowMs < untilMs) {
          const granted = grant(RULE, limit, nowMs)
          nowMs = granted.atMs
          limit = afterSuccess(RULE, granted.limit, granted.atMs)
        }
        expect(limit.perSec).toBe(RULE.ceilingPerSec)
      }),
      { numRuns: 30 },
    )
  })

  it('halves once per burst of throttles, not once per answer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), (lanes) => {
        const { limit } = play(RULE, [{ idleMs: 0, answer: 'throttled', lanes }])
        expect(limit.perSec).toBe(RULE.startPerSec / 2)
      }),
    )
  })

  it('halves again when what went out after the first halving is throttled too', () => {
    const burst: Call = { idleMs: 0, answer: 'throttled', lanes: 5 }
    expect(play(RULE, [burst, burst]).limit.perSec).toBe(RULE.startPerSec / 4)
  })

  it('spends its burst when it is throttled, so that nothing runs ahead right afterwards', () => {
    const { limit, nowMs } = play(RULE, [{ idleMs: 0, answer: 'throttled', lanes: 1 }])
    expect(grant(RULE, limit, nowMs).atMs - nowMs).toBe(1_000 / limit.perSec)
  })

  it('begins at a learnt rate, inside its bounds', () => {
    expect([undefined, 3, 99, 0].map((learnt) => startLimit(RULE, learnt).perSec)).toEqual([10, 3, 20, 0.5])
  })
})
