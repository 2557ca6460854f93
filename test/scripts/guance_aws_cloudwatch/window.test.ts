import { describe, expect, it } from 'vitest'
import { formatWindow } from '../../../core/dff.ts'
import {
  catchUpWindow,
  cutWindow,
  firstWindow,
  lostSince,
  windowEndMs,
} from '../../../scripts/guance_aws_cloudwatch/window.ts'

const at = (time: string): number => Date.parse(time)

describe('the end of a window', () => {
  it('is a whole minute, five minutes before the scheduled time', () => {
    expect(windowEndMs(at('2026-11-23T12:00:30Z'), at('2026-11-23T12:00:31Z'))).toBe(
      at('2026-11-23T11:55:00Z'),
    )
  })

  it('is never later than AWS’s own clock allows', () => {
    expect(windowEndMs(at('2026-11-23T12:00:00Z'), at('2026-11-23T11:00:00Z'))).toBe(
      at('2026-11-23T10:55:00Z'),
    )
  })

  it('does not follow a clock of AWS that is ahead: the scheduled time may be in the past', () => {
    expect(windowEndMs(at('2026-11-23T12:00:00Z'), at('2026-11-24T12:00:00Z'))).toBe(
      at('2026-11-23T11:55:00Z'),
    )
  })
})

describe('windows', () => {
  const endMs = at('2026-11-23T12:00:00Z')

  it('look back three hours at first', () => {
    expect(formatWindow(firstWindow(endMs))).toBe('[2026-11-23T09:00:00Z, 2026-11-23T12:00:00Z)')
  })

  it('catch up from the cursor', () => {
    expect(formatWindow(catchUpWindow(at('2026-11-23T05:00:00Z'), endMs))).toBe(
      '[2026-11-23T05:00:00Z, 2026-11-23T12:00:00Z)',
    )
    expect(lostSince(at('2026-11-23T05:00:00Z'), endMs)).toBe(0)
  })

  it('are cut by datapoints, oldest first', () => {
    const window = catchUpWindow(at('2026-11-23T05:00:00Z'), endMs)
    expect(cutWindow(window, 180.9).map(formatWindow)).toEqual([
      '[2026-11-23T05:00:00Z, 2026-11-23T08:00:00Z)',
      '[2026-11-23T08:00:00Z, 2026-11-23T11:00:00Z)',
      '[2026-11-23T11:00:00Z, 2026-11-23T12:00:00Z)',
    ])
    expect(cutWindow(window, 0.1)).toHaveLength(7 * 60)
  })

  it('are none when the cursor is there already', () => {
    expect(cutWindow(catchUpWindow(endMs, endMs), 180)).toEqual([])
    expect(cutWindow(catchUpWindow(endMs + 60_000, endMs), 180)).toEqual([])
  })

  it('go back 14 days and 12 hours at most, 14 days at a time, and say what is lost', () => {
    const throughMs = at('2026-11-08T12:00:00Z')
    expect(cutWindow(catchUpWindow(throughMs, endMs), 1e6).map(formatWindow)).toEqual([
      '[2026-11-09T00:00:00Z, 2026-11-23T00:00:00Z)',
      '[2026-11-23T00:00:00Z, 2026-11-23T12:00:00Z)',
    ])
    expect(lostSince(throughMs, endMs)).toBe(12 * 3_600_000)
  })
})
