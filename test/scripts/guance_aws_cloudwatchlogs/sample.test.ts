import { describe, expect, it } from 'vitest'
import { isKept, type Sampled } from '../../../scripts/guance_aws_cloudwatchlogs/sample.ts'

/** Ids of CloudWatch have 56 digits, of which neighbours differ in the last few. */
function lineOf(index: number, more: Partial<Sampled> = {}): Sampled {
  const eventId = `3994123456789012345678901234567890123456789012345${String(index).padStart(7, '0')}`
  return { eventId, status: 'info', kind: 'app', ...more }
}

const lines = Array.from({ length: 20_000 }, (_, index) => lineOf(index))

describe('a sample', () => {
  it.each([0.01, 0.1, 0.5, 0.9])('keeps a share of %d', (rate) => {
    const share = lines.filter((line) => isKept(line, rate)).length / lines.length
    // Four standard deviations of 20,000 draws are at most 0.015.
    expect(Math.abs(share - rate)).toBeLessThan(0.015)
  })

  it('keeps the same of a page read twice, and more at a higher rate', () => {
    const kept = lines.filter((line) => isKept(line, 0.2))
    expect(lines.filter((line) => isKept(line, 0.2))).toEqual(kept)
    expect(kept.every((line) => isKept(line, 0.3))).toBe(true)
  })

  it('keeps errors, reports and the whole at a rate of 1, and nothing else at 0', () => {
    expect(lines.some((line) => isKept(line, 0))).toBe(false)
    expect(lines.every((line) => isKept(line, 1))).toBe(true)
    expect(isKept(lineOf(1, { status: 'error' }), 0)).toBe(true)
    expect(isKept(lineOf(1, { status: 'critical' }), 0)).toBe(true)
    expect(isKept(lineOf(1, { kind: 'report' }), 0)).toBe(true)
    expect(isKept(lineOf(1, { status: 'warning' }), 0)).toBe(false)
  })

  it('keeps the lines of one log together', () => {
    const head = lineOf(7)
    const further = lines.map((line) => ({ ...line, headEventId: head.eventId }))
    expect(new Set(further.map((line) => isKept(line, 0.5)))).toEqual(new Set([isKept(head, 0.5)]))
  })
})
