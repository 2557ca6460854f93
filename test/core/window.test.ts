import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { alignDown, formatTime, HOUR_MS, MINUTE_MS } from '../../core/time.ts'
import { formatWindow, splitWindow } from '../../core/window.ts'

describe('splitWindow', () => {
  it('covers the window with adjoining pieces, none longer than the step', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10_000 }),
        fc.integer({ min: 1, max: 20_000 }),
        fc.integer({ min: 1, max: 999 }),
        (start, length, step) => {
          const pieces = splitWindow({ startMs: start, endMs: start + length }, step)
          expect(pieces[0]?.startMs).toBe(start)
          expect(pieces.at(-1)?.endMs).toBe(start + length)
          for (const [index, piece] of pieces.entries()) {
            expect(piece.endMs - piece.startMs).toBeLessThanOrEqual(step)
            expect(piece.endMs).toBeGreaterThan(piece.startMs)
            if (index > 0) expect(piece.startMs).toBe(pieces[index - 1]?.endMs)
          }
        },
      ),
    )
  })

  it('has nothing to cut from an empty window', () => {
    expect(splitWindow({ startMs: 5, endMs: 5 }, 10)).toEqual([])
  })
})

describe('time', () => {
  it('aligns down and shows whole seconds in UTC', () => {
    const time = Date.UTC(2026, 10, 23, 18, 36, 41, 999)
    expect(formatTime(alignDown(time, MINUTE_MS))).toBe('2026-11-23T18:36:00Z')
    expect(formatWindow({ startMs: alignDown(time, HOUR_MS), endMs: alignDown(time, MINUTE_MS) })).toBe(
      '[2026-11-23T18:00:00Z, 2026-11-23T18:36:00Z)',
    )
  })
})
