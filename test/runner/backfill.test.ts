import { describe, expect, it } from 'vitest'
import { checkBackfill } from '../../runner/backfill.ts'

const NOW_MS = Date.parse('2026-11-23T18:36:20Z')
const at = (text: string): number => Date.parse(text)

describe('a window asked for by hand', () => {
  it('is widened to whole minutes, and never into the one that has not ended', () => {
    const window = { startMs: at('2026-11-23T18:00:10Z'), endMs: at('2026-11-23T18:05:01Z') }
    expect(checkBackfill(window, NOW_MS)).toEqual({
      startMs: at('2026-11-23T18:00:00Z'),
      endMs: at('2026-11-23T18:06:00Z'),
    })
    const recent = { startMs: at('2026-11-23T18:30:00Z'), endMs: at('2026-11-23T18:36:10Z') }
    expect(checkBackfill(recent, NOW_MS).endMs).toBe(at('2026-11-23T18:36:00Z'))
  })

  it.each([
    ['2026-11-23T18:00:00Z', '2026-11-23T18:00:00Z', 'expected FROM before TO'],
    ['2026-11-23T18:00:00Z', '2026-11-23T17:00:00Z', 'expected FROM before TO'],
    ['nonsense', '2026-11-23T17:00:00Z', 'got no times'],
    ['2026-11-23T18:00:00Z', '2026-11-23T19:00:00Z', 'expected an end that has passed'],
    ['2026-11-23T18:36:05Z', '2026-11-23T18:36:10Z', 'expected FROM before TO'],
    [
      '2026-11-09T06:00:00Z',
      '2026-11-09T07:00:00Z',
      'within 14 days 12 hours, 2026-11-09T06:36:20Z or later',
    ],
  ])('from %s to %s is refused by name', (from, to, part) => {
    const call = (): unknown => checkBackfill({ startMs: at(from), endMs: at(to) }, NOW_MS)
    expect(call).toThrow(expect.objectContaining({ code: 'BAD_PARAMETER' }))
    expect(call).toThrow(part)
  })
})
