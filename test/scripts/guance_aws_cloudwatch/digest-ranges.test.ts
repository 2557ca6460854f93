import { describe, expect, it } from 'vitest'
import { digestRanges, FOREVER_MS } from '../../../scripts/guance_aws_cloudwatch/digest-ranges.ts'

const HOUR_MS = 3_600_000
const NOW_MS = Date.parse('2026-11-23T12:00:00Z')
const hours = (ranges: ReturnType<typeof digestRanges>) =>
  ranges.map(({ startMs, endMs }) => [
    (startMs - NOW_MS) / HOUR_MS,
    endMs === FOREVER_MS ? 'on' : (endMs - NOW_MS) / HOUR_MS,
  ])

describe('the minutes whose digests are kept', () => {
  const before = digestRanges({ kept: undefined, auditedMs: NOW_MS - 2 * HOUR_MS, polledMs: NOW_MS }, NOW_MS)

  it('are those of 31 hours', () => {
    expect(hours(before)).toEqual([[-31, 'on']])
  })

  it('are more while the audit is late, two days at most', () => {
    const late = (auditedHours: number) =>
      digestRanges({ kept: undefined, auditedMs: NOW_MS - auditedHours * HOUR_MS, polledMs: NOW_MS }, NOW_MS)
    expect(hours(late(30))).toEqual([[-37, 'on']])
    expect(hours(late(300))).toEqual([[-48, 'on']])
  })

  it('never begin earlier again, although the clock goes back', () => {
    const state = { kept: before, auditedMs: NOW_MS - 2 * HOUR_MS, polledMs: NOW_MS }
    expect(hours(digestRanges(state, NOW_MS - HOUR_MS))).toEqual([[-31, 'on']])
  })

  it('are after an outage also those before it, until they are audited', () => {
    const backMs = NOW_MS + 100 * HOUR_MS
    const state = { kept: before, auditedMs: NOW_MS - 2 * HOUR_MS, polledMs: NOW_MS }
    const back = digestRanges(state, backMs)
    expect(hours(back)).toEqual([
      [-9, 0],
      [69, 'on'],
    ])
    const polled = { ...state, kept: back, polledMs: backMs }
    expect(hours(digestRanges(polled, backMs + HOUR_MS))).toEqual([
      [-9, 0],
      [69, 'on'],
    ])
    const audited = { ...polled, auditedMs: backMs + HOUR_MS }
    expect(hours(digestRanges(audited, backMs + HOUR_MS))).toEqual([[70, 'on']])
  })
})
