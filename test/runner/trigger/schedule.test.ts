import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DffError } from '../../../core/error.ts'
import { parseSchedule } from '../../../runner/trigger/schedule.ts'

const at = (text: string): number => Date.parse(text)

function ticks(cronExpr: string, timezone: string, from: string, count: number): string[] {
  const schedule = parseSchedule(cronExpr, timezone, 'test')
  const found: string[] = []
  let afterMs = at(from)
  while (found.length < count) {
    const nextMs = schedule.next(afterMs)
    if (nextMs === null) break
    found.push(new Date(nextMs).toISOString().slice(0, 16))
    afterMs = nextMs
  }
  return found
}

function failure(cronExpr: string, timezone: string): DffError {
  try {
    parseSchedule(cronExpr, timezone, 'trigger t')
  } catch (error) {
    if (error instanceof DffError) return error
  }
  throw new Error(`${cronExpr} was accepted`)
}

describe('schedule', () => {
  it.each([
    ['*/5 * * * *', 'UTC', '2026-01-01T00:00:30Z', ['2026-01-01T00:05', '2026-01-01T00:10']],
    ['0 9 * * 1-5', 'Asia/Shanghai', '2026-01-02T02:00:00Z', ['2026-01-05T01:00', '2026-01-06T01:00']],
    ['59 23 31 12 *', 'UTC', '2026-06-01T00:00:00Z', ['2026-12-31T23:59', '2027-12-31T23:59']],
    ['0 0 29 2 *', 'UTC', '2026-01-01T00:00:00Z', ['2028-02-29T00:00', '2032-02-29T00:00']],
  ])('finds the ticks of %s in %s', (cronExpr, timezone, from, expected) => {
    expect(ticks(cronExpr, timezone, from, expected.length)).toEqual(expected)
  })

  it('runs a time inside the spring gap once, at its end', () => {
    expect(ticks('30 2 * * *', 'America/New_York', '2026-03-08T05:00:00Z', 2)).toEqual([
      '2026-03-08T07:00',
      '2026-03-09T06:30',
    ])
  })

  it('runs a fixed time inside the repeated autumn hour once, the first time', () => {
    expect(ticks('30 1 * * *', 'America/New_York', '2026-11-01T04:00:00Z', 2)).toEqual([
      '2026-11-01T05:30',
      '2026-11-02T06:30',
    ])
  })

  it('keeps an interval going through the repeated hour', () => {
    expect(ticks('*/30 * * * *', 'America/New_York', '2026-11-01T04:40:00Z', 5)).toEqual([
      '2026-11-01T05:00',
      '2026-11-01T05:30',
      '2026-11-01T06:00',
      '2026-11-01T06:30',
      '2026-11-01T07:00',
    ])
  })

  it('counts a tick as previous from its own moment on', () => {
    const schedule = parseSchedule('*/5 * * * *', 'UTC', 'test')
    expect(schedule.previous(at('2026-01-01T00:05:00Z'))).toBe(at('2026-01-01T00:05:00Z'))
    expect(schedule.previous(at('2026-01-01T00:05:00Z') - 1)).toBe(at('2026-01-01T00:00:00Z'))
    expect(schedule.next(at('2026-01-01T00:05:00Z'))).toBe(at('2026-01-01T00:10:00Z'))
  })

  it('has no tick between the previous and the next one', () => {
    const crons = fc.constantFrom('*/5 * * * *', '7 * * * *', '30 2 * * *', '0 0 1 * *', '15 */6 * * 1-5')
    const zones = fc.constantFrom('UTC', 'America/New_York', 'Asia/Shanghai', 'Australia/Lord_Howe')
    const times = fc.integer({ min: at('2025-01-01T00:00:00Z'), max: at('2027-12-31T00:00:00Z') })
    fc.assert(
      fc.property(crons, zones, times, (cronExpr, timezone, timeMs) => {
        const schedule = parseSchedule(cronExpr, timezone, 'test')
        const previousMs = schedule.previous(timeMs) ?? Number.NaN
        const nextMs = schedule.next(timeMs) ?? Number.NaN
        expect(previousMs).toBeLessThanOrEqual(timeMs)
        expect(nextMs).toBeGreaterThan(timeMs)
        expect(schedule.next(previousMs)).toBe(nextMs)
      }),
      { numRuns: 60 },
    )
  })

  it.each([
    ['* * * *', 'five fields', "'* * * *' with 4"],
    ['0 * * * * *', 'five fields', "'0 * * * * *' with 6"],
    ['@hourly', 'five fields', "'@hourly' with 1"],
    ['61 * * * *', 'five fields', 'Invalid value for minute: 61'],
    ['*/0 * * * *', 'five fields', 'illegal stepping: 0'],
    ['0 0 30 2 *', 'a date that comes', 'which never does'],
  ])('refuses %s and says why', (cronExpr, expected, got) => {
    const error = failure(cronExpr, 'UTC')
    expect(error.code).toBe('BAD_CRON')
    expect(error.parts.place).toBe('trigger t')
    expect(error.parts.expected).toContain(expected)
    expect(error.parts.got).toContain(got)
  })

  it('refuses an unknown time zone and names the nearest one', () => {
    const error = failure('*/5 * * * *', 'Asia/Shangai')
    expect(error.code).toBe('BAD_CRON')
    expect(error.parts.got).toBe("'Asia/Shangai'")
    expect(error.parts.remedy).toBe('Did you mean Asia/Shanghai?')
  })
})
