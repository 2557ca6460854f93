import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseSchedule } from '../../../runner/trigger/schedule.ts'

interface Vector {
  readonly timezone: string
  readonly cronExpr: string
  readonly after: string
  readonly ticks: readonly string[]
}

const VECTORS = readFileSync(new URL('ticks.tsv', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line): Vector => {
    const [timezone = '', cronExpr = '', after = '', ticks = ''] = line.split('\t')
    return { timezone, cronExpr, after, ticks: ticks.split(' ') }
  })

const show = (timeMs: number | null): string =>
  new Date(timeMs ?? Number.NaN).toISOString().replace(':00.000Z', 'Z')

describe('the ticks of a schedule', () => {
  it('are checked in a table that has some', () => {
    expect(VECTORS.length).toBeGreaterThan(40)
  })

  it.each(VECTORS)(
    'of $cronExpr in $timezone after $after are those of the table',
    ({ timezone, cronExpr, after, ticks }) => {
      const schedule = parseSchedule(cronExpr, timezone, 'test')
      const forward: string[] = []
      for (let atMs = Date.parse(after); forward.length < ticks.length;) {
        atMs = schedule.next(atMs) ?? Number.NaN
        forward.push(show(atMs))
      }
      expect(forward).toEqual(ticks)
      // Backwards the same, from a moment after each.
      const backward = ticks.map((tick) => show(schedule.previous(Date.parse(tick) + 59_999)))
      expect(backward).toEqual(ticks)
    },
  )
})
