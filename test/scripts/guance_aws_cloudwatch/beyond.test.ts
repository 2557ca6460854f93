import { describe, expect, it } from 'vitest'
import type { SinkTraits } from '../../../core/dff.ts'
import { cutBeyond, oldestOf } from '../../../scripts/guance_aws_cloudwatch/beyond.ts'

const HOUR_MS = 3_600_000
const NOW_MS = Date.parse('2026-11-23T12:00:30Z')
const ANY: SinkTraits = { rewrite: 'unknown', mergesFields: false }

const hoursAgo = (hours: number): number => Date.parse('2026-11-23T12:00:00Z') - hours * HOUR_MS

describe('what can still be had', () => {
  it.each([
    [undefined, 14.5 * 24],
    [72, 71.75],
    [1, 0.75],
    [24 * 400, 14.5 * 24],
  ])('of a store that takes %s hours begins %s hours ago', (retentionHours, hours) => {
    expect(oldestOf(NOW_MS, retentionHours === undefined ? {} : { retentionHours })).toBe(hoursAgo(hours))
  })

  it('is told from what CloudWatch no longer has, and from what the store does not take', () => {
    const gaps = [
      { startMs: hoursAgo(15 * 24), endMs: hoursAgo(14 * 24) },
      { startMs: hoursAgo(30), endMs: hoursAgo(20) },
    ]
    expect(cutBeyond(gaps, { nowMs: NOW_MS, sink: ANY })).toEqual({
      left: [{ startMs: hoursAgo(14.5 * 24), endMs: hoursAgo(14 * 24) }, gaps[1]],
      lostMs: 12 * HOUR_MS,
      refusedMs: 0,
    })
    expect(cutBeyond(gaps, { nowMs: NOW_MS, sink: { ...ANY, retentionHours: 24 } })).toEqual({
      left: [{ startMs: hoursAgo(23.75), endMs: hoursAgo(20) }],
      lostMs: 12 * HOUR_MS,
      refusedMs: (12 + 6.25) * HOUR_MS,
    })
  })

  it('is nothing of a window that lies ahead', () => {
    const ahead = { startMs: hoursAgo(-2), endMs: hoursAgo(0) }
    expect(cutBeyond([ahead], { nowMs: NOW_MS, sink: ANY })).toEqual({ left: [], lostMs: 0, refusedMs: 0 })
  })
})
