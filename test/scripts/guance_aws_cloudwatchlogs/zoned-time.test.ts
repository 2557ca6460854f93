import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readTime } from '../../../scripts/guance_aws_cloudwatchlogs/zoned-time.ts'

const TIME_MS = Date.UTC(2026, 10, 29, 10, 0, 1, 29)

describe('readTime', () => {
  it.each([
    '2026-11-29T10:00:01.029Z',
    '2026-11-29 10:00:01,029Z',
    '2026-11-29T10:00:01.029999999Z',
    '2026-11-29T18:00:01.029+08:00',
    '2026-11-29T18:00:01,029+0800',
    '2026-11-29T04:30:01.029-05:30',
    TIME_MS,
    TIME_MS * 1_000,
    TIME_MS / 1_000,
    TIME_MS * 1_000_000,
  ])('reads %s', (value) => {
    expect(readTime(value)).toBe(TIME_MS)
  })

  it.each([
    '2026-11-29T10:00:01.029',
    '2026-11-29',
    '2026-02-30T10:00:01Z',
    '2026-13-01T10:00:01Z',
    '2026-11-29T24:00:01Z',
    '2026-11-29T10:60:01Z',
    '2026-11-29T10:00:01+24:00',
    ' 2026-11-29T10:00:01Z',
    '1795946401029',
    'yesterday',
    '',
    '0001-01-01T00:00:00Z',
    20_261_129,
    202_611_291_000,
    20_261_129_100_001,
    42,
    -1,
    1e30,
    Number.NaN,
    Infinity,
    null,
    {},
    true,
  ])('takes %s for no time', (value) => {
    expect(readTime(value)).toBeUndefined()
  })

  it('reads every time of this century as JavaScript writes it', () => {
    const date = fc.date({
      min: new Date('2000-01-01T00:00:00Z'),
      max: new Date('2099-12-31T23:59:59Z'),
      noInvalidDate: true,
    })
    fc.assert(
      fc.property(date, (time) => {
        expect(readTime(time.toISOString())).toBe(time.getTime())
      }),
    )
  })
})
