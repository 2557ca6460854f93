import { describe, expect, it } from 'vitest'
import { IdBook } from '../../../scripts/guance_aws_cloudwatchlogs/id-book.ts'
import {
  firstPace,
  keptLateness,
  nextWindow,
  type Pace,
  type Reading,
  tighten,
} from '../../../scripts/guance_aws_cloudwatchlogs/pace.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const START_MS = Date.parse('2026-11-20T08:00:00Z')
const BOUNDS = { read: 100, kept: 50 }

function readingOf(lengthMin: number, latenessMin: number): Reading {
  const toMs = START_MS + lengthMin * MINUTE_MS
  return { stateKey: 'g', fromMs: START_MS, toMs, latenessMs: latenessMin * MINUTE_MS }
}

/** So many ids in each of these minutes. */
function bookOf(counts: Readonly<Record<number, number>>): IdBook {
  const ids = new IdBook()
  for (const [minute, count] of Object.entries(counts)) {
    for (let index = 0; index < count; index += 1) {
      ids.add(`${minute} ${index}`, START_MS + Number(minute) * MINUTE_MS)
    }
  }
  return ids
}

function minutes(timeMs: number): number {
  return (timeMs - START_MS) / MINUTE_MS
}

/** The ends of windows by which a group is read whose every minute holds so many. */
function endsOf(reading: Reading, perMinute: number): readonly number[] {
  const ends: number[] = []
  let pace: Pace = { ...firstPace(reading, false), windowMs: 6 * HOUR_MS }
  for (let startMs = reading.fromMs; ;) {
    const window = nextWindow(startMs, reading, pace)
    const counts = Object.fromEntries(
      Array.from({ length: Math.ceil(minutes(window.lastMs) - minutes(startMs)) }, (_, index) => [
        minutes(startMs) + index,
        perMinute,
      ]),
    )
    const tighter = tighten(window, reading, { ids: bookOf(counts), pace, bounds: BOUNDS })
    if (tighter === undefined) {
      ends.push(minutes(window.finalMs))
      if (window.lastMs >= reading.toMs - 1) return ends
      startMs = window.finalMs
    } else {
      expect(tighter.windowMs).toBeLessThan(window.lastMs - window.startMs)
      pace = tighter
    }
  }
}

describe('a window that holds too many events', () => {
  it('is left for one that ends where half of them were, a minute at least', () => {
    const reading = readingOf(800, 10)
    const pace = { ...firstPace(reading, true), windowMs: 6 * HOUR_MS }
    const window = nextWindow(START_MS, reading, pace)
    expect(minutes(window.finalMs)).toBe(360)
    const few = { ids: bookOf({ 0: 50, 300: 50 }), pace, bounds: BOUNDS }
    expect(tighten(window, reading, few)).toBeUndefined()
    const burst = { ids: bookOf({ 0: 40, 300: 5, 301: 80 }), pace, bounds: BOUNDS }
    expect(tighten(window, reading, burst)).toMatchObject({ windowMs: 301 * MINUTE_MS, isTight: true })
    const first = { ids: bookOf({ 0: 400 }), pace, bounds: BOUNDS }
    expect(tighten(window, reading, first)).toMatchObject({ windowMs: MINUTE_MS, latenessMs: 10 * MINUTE_MS })
  })

  it('leads to the end in whole minutes, however many there are', () => {
    expect(endsOf(readingOf(60, 10), 1)).toEqual([50])
    const ends = endsOf(readingOf(60, 10), 40)
    expect(ends.at(-1)).toBeGreaterThanOrEqual(57)
    expect(endsOf(readingOf(60, 10), 1_000).slice(0, 4)).toEqual([1, 2, 3, 4])
    expect(endsOf(readingOf(60, 10), 1_000).at(-1)).toBe(57)
    // A backfill has no lateness to shorten: it ends where it was to end.
    expect(endsOf(readingOf(60, 0), 1_000).at(-1)).toBe(60)
  })

  it('keeps two minutes open whatever they hold, and the configured lateness where that is less', () => {
    const busy = bookOf(Object.fromEntries(Array.from({ length: 60 }, (_, minute) => [minute, 1_000])))
    for (const [latenessMin, keptMin] of [
      [10, 2],
      [1, 1],
      [0, 0],
    ] as const) {
      const reading = readingOf(60, latenessMin)
      const pace = firstPace(reading, true)
      expect(keptLateness(reading, { ids: busy, pace, bounds: BOUNDS })).toBe(keptMin * MINUTE_MS)
    }
    const reading = readingOf(60, 10)
    const pace = firstPace(reading, true)
    const few = { ids: bookOf({ 51: 20, 58: 30 }), pace, bounds: BOUNDS }
    expect(keptLateness(reading, few)).toBe(10 * MINUTE_MS)
    const some = { ids: bookOf({ 51: 30, 54: 30, 58: 20 }), pace, bounds: BOUNDS }
    expect(keptLateness(reading, some)).toBe(5.5 * MINUTE_MS)
  })
})
