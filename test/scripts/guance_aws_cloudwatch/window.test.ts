import { describe, expect, it } from 'vitest'
import { formatWindow } from '../../../core/dff.ts'
import { catchUp, firstWindow, windowEndMs } from '../../../scripts/guance_aws_cloudwatch/window.ts'

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

  it('catch up from the cursor, oldest first, three hours at a time', () => {
    const { windows, lostMs } = catchUp(at('2026-11-23T05:00:00Z'), endMs)
    expect(windows.map(formatWindow)).toEqual([
      '[2026-11-23T05:00:00Z, 2026-11-23T08:00:00Z)',
      '[2026-11-23T08:00:00Z, 2026-11-23T11:00:00Z)',
      '[2026-11-23T11:00:00Z, 2026-11-23T12:00:00Z)',
    ])
    expect(lostMs).toBe(0)
  })

  it('are none when the cursor is there already', () => {
    expect(catchUp(endMs, endMs).windows).toEqual([])
    expect(catchUp(endMs + 60_000, endMs).windows).toEqual([])
  })

  it('go back 14 days and 12 hours at most, and say what is lost', () => {
    const { windows, lostMs } = catchUp(at('2026-11-08T12:00:00Z'), endMs)
    expect(windows[0]?.startMs).toBe(at('2026-11-09T00:00:00Z'))
    expect(lostMs).toBe(12 * 3_600_000)
  })
})
