import { describe, expect, it } from 'vitest'
import { addLateness, NO_LATENESS, widenMs } from '../../../scripts/guance_aws_cloudwatch/lateness.ts'

const MINUTE_MS = 60_000

describe('the histogram of lateness', () => {
  it('does not widen the horizon while at most one line in a thousand comes after it', () => {
    expect(
      widenMs(
        addLateness(
          NO_LATENESS,
          100_000,
          Array.from({ length: 100 }, () => MINUTE_MS),
        ),
      ),
    ).toBe(0)
  })

  it('widens it to where only one line in a thousand is later', () => {
    const late = [
      ...Array.from({ length: 100 }, () => 20 * MINUTE_MS),
      ...Array.from({ length: 50 }, () => 4 * MINUTE_MS),
    ]
    expect(widenMs(addLateness(NO_LATENESS, 100_000, late))).toBe(4 * MINUTE_MS)
  })

  it('does not follow lines that come hours late, which no horizon should wait for', () => {
    const late = Array.from({ length: 5_000 }, () => 120 * MINUTE_MS)
    expect(widenMs(addLateness(NO_LATENESS, 100_000, late))).toBe(0)
  })

  it('says nothing by a few lines', () => {
    expect(
      widenMs(
        addLateness(
          NO_LATENESS,
          9_999,
          Array.from({ length: 500 }, () => MINUTE_MS),
        ),
      ),
    ).toBe(0)
  })

  it('forgets: what AWS does now outweighs what it did before', () => {
    let lateness = addLateness(
      NO_LATENESS,
      900_000,
      Array.from({ length: 2_000 }, () => 5 * MINUTE_MS),
    )
    expect(widenMs(lateness)).toBe(5 * MINUTE_MS)
    for (let run = 0; run < 20; run += 1) lateness = addLateness(lateness, 200_000, [])
    expect(widenMs(lateness)).toBe(0)
    expect(lateness.lines).toBeLessThanOrEqual(1_000_000)
  })
})
