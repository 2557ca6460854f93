import { describe, expect, it } from 'vitest'
import { formatWindow } from '../../../core/dff.ts'
import { endAt, liveWindow, nowOf } from '../../../scripts/guance_aws_cloudwatch/window.ts'

const at = (time: string): number => Date.parse(time)

describe('now', () => {
  it('is the scheduled time, which may lie in the past', () => {
    expect(nowOf(at('2026-11-23T12:00:00Z'), at('2026-11-24T12:00:00Z'))).toBe(at('2026-11-23T12:00:00Z'))
  })

  it('is never later than AWS’s own clock', () => {
    expect(nowOf(at('2026-11-23T12:00:00Z'), at('2026-11-23T11:00:00Z'))).toBe(at('2026-11-23T11:00:00Z'))
  })
})

describe('windows', () => {
  const endMs = at('2026-11-23T12:00:00Z')

  it('end at a whole minute that is old enough', () => {
    expect(endAt(at('2026-11-23T12:00:30Z'), 180_000)).toBe(at('2026-11-23T11:57:00Z'))
  })

  it('go from the watermark to the end', () => {
    const { window, skipped } = liveWindow(at('2026-11-23T11:50:00Z'), endMs)
    expect(formatWindow(window)).toBe('[2026-11-23T11:50:00Z, 2026-11-23T12:00:00Z)')
    expect(skipped.endMs).toBeLessThanOrEqual(skipped.startMs)
  })

  it('leave what is older than three hours for later', () => {
    const { window, skipped } = liveWindow(at('2026-11-23T05:00:00Z'), endMs)
    expect(formatWindow(window)).toBe('[2026-11-23T09:00:00Z, 2026-11-23T12:00:00Z)')
    expect(formatWindow(skipped)).toBe('[2026-11-23T05:00:00Z, 2026-11-23T09:00:00Z)')
  })
})
