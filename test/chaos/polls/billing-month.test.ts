import { describe, expect, it } from 'vitest'
import { DffError } from '../../../core/dff.ts'
import { DAY_MS, HOUR_MS } from '../../../core/time.ts'
import { createRandom } from '../../../simulator/truth/random.ts'
import {
  Killed,
  MONTH_END_MS,
  MONTH_START_MS,
  openPlay,
  sumUnits,
  unitsOf,
} from '../../scripts/billing-fixture.ts'

/** The month is closed three days after its end, and everything that was an estimate is read again within a week of that. */
const SETTLED_MS = MONTH_END_MS + 12 * DAY_MS
const FIRST_MS = MONTH_START_MS + DAY_MS + 9 * HOUR_MS

/** How many days took how many requests. */
function histogram(byDay: Readonly<Record<string, number>>): Record<string, number> {
  const days = Object.groupBy(Object.values(byDay), String)
  return Object.fromEntries(Object.entries(days).map(([count, all]) => [count, all?.length ?? 0]))
}

describe('a month of bills', () => {
  it('takes a request a day for one account and one more once a week, and its newest revisions are the bill to the cent', async () => {
    const play = await openPlay({})
    await play.tickAll(FIRST_MS, SETTLED_MS)
    const { byDay, repeated } = await play.paid()
    console.log(`requests paid for a day: ${JSON.stringify(byDay)}`)
    expect(histogram(byDay)).toEqual({ 1: 36, 2: 4, 3: 2 })
    expect(repeated).toBe(0)
    const newest = play.newest('service_usage', MONTH_START_MS, MONTH_END_MS)
    const truth = await play.truth(MONTH_START_MS, MONTH_END_MS)
    expect(sumUnits(newest)).toBe(unitsOf(truth.total))
    // What a sum over all lines finds where every revision is kept.
    const all = play.lines().filter(({ tags }) => (tags['billing_date'] ?? '') < '2026-11-01')
    const before = all.filter(({ tags }) => (tags['billing_date'] ?? '') >= '2026-10-01')
    expect(sumUnits(before, 'amount_change')).toBe(unitsOf(truth.total))
    expect(newest.some(({ fields }) => Number(fields['revision']) > 2)).toBe(true)
  })

  it('replaces lines where the store lets the newer one win', async () => {
    const play = await openPlay({})
    play.sink = { rewrite: 'last', mergesFields: false }
    await play.tickAll(FIRST_MS, SETTLED_MS)
    const held = new Map(play.lines().map((point) => [`${point.tags['billing_id']} ${point.timeMs}`, point]))
    const month = [...held.values()].filter(({ timeMs }) => timeMs >= MONTH_START_MS && timeMs < MONTH_END_MS)
    const truth = await play.truth(MONTH_START_MS, MONTH_END_MS)
    expect(sumUnits(month)).toBe(unitsOf(truth.total))
    expect(play.lines().length).toBeGreaterThan(held.size)
  })
})

describe('a month of bills under kills, refused commits and a failing AWS', () => {
  it('pays within its budget every day, pays for nothing twice but what was lost on its way, and ends with the bill to the cent', async () => {
    const budget = 16
    const play = await openPlay({ linked: 3, pageRows: 200 }, { requests_per_day: budget })
    const random = createRandom(20_261)
    const lost = { kills: 0, refused: 0, pages: 0 }
    play.beforeCommit = ({ state }) => {
      const drawn = random()
      if (drawn > 0.07) return
      if (Object.keys(state).some((key) => key.includes('/book/'))) lost.pages += 1
      if (drawn < 0.04) {
        lost.kills += 1
        throw new Killed('kill -9')
      }
      lost.refused += 1
      throw new DffError({ code: 'OUTBOX_FULL', place: 'test', expected: 'room', got: 'none', remedy: '' })
    }
    play.aws.simulator.control('chaos', {
      seed: 5,
      rate: 0.06,
      kinds: ['throttle', 'error503', 'close', 'cut', 'brokenBody', 'htmlBody', 'emptyBody'],
      apis: ['ce:*'],
    })
    await play.tickAll(FIRST_MS, MONTH_END_MS + 8 * DAY_MS)
    play.beforeCommit = () => undefined
    play.aws.simulator.control('chaos', { rate: 0 })
    await play.tickAll(MONTH_END_MS + 8 * DAY_MS, SETTLED_MS)
    const { byDay, usd, repeated } = await play.paid()
    const replies = play.runs.flatMap(({ problems }) => problems.filter(({ code }) => code === 'transient'))
    console.log(
      `requests paid for a day: ${JSON.stringify({ byDay, usd, repeated, ...lost, replies: replies.length })}`,
    )
    expect(Math.max(...Object.values(byDay))).toBeLessThanOrEqual(budget)
    expect(Math.min(lost.kills, lost.refused, lost.pages)).toBeGreaterThan(10)
    expect(repeated).toBeLessThanOrEqual(lost.pages + replies.length)
    const newest = play.newest('service_usage', MONTH_START_MS, MONTH_END_MS)
    const truth = await play.truth(MONTH_START_MS, MONTH_END_MS)
    expect(sumUnits(newest)).toBe(unitsOf(truth.total))
    expect(new Set(newest.map(({ tags }) => tags['account_id'])).size).toBe(4)
  })
})
