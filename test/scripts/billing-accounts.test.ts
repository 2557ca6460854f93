import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS } from '../../core/time.ts'
import { type BillingPlay, Killed, MONTH_START_MS, openPlay, problemsOf } from './billing-fixture.ts'

const NINE_MS = MONTH_START_MS + 9 * HOUR_MS
const KEY = 'billing/123456789012/accounts'

/** A page or two of costs of each account, and the pages of the list. */
const ENOUGH = { requests_per_day: 400, lookback_days: 1, reread_days: 1 }

interface Known {
  readonly day?: string
  readonly names: Readonly<Record<string, string>>
  readonly open?: unknown
}

function knownOf(play: BillingPlay): Known {
  return (play.store.state.get(KEY) ?? { names: {} }) as unknown as Known
}

describe('a list of accounts of many pages', () => {
  it('is whole after some days whose money ends before its last page, and everybody it finds is read meanwhile', async () => {
    const play = await openPlay({ linked: 30, pageRows: 10, usageTypes: 6 }, { requests_per_day: 2 })
    const found: number[] = []
    for (let day = 0; day < 60 && knownOf(play).day === undefined; day += 1) {
      await play.tick(NINE_MS + day * DAY_MS)
      found.push(Object.keys(knownOf(play).names).length)
    }
    expect(found[0]).toBe(20)
    expect(found.at(-1)).toBe(31)
    expect(knownOf(play)).toMatchObject({ day: expect.any(String) as string })
    expect(knownOf(play).open).toBeUndefined()
    expect(new Set(Object.values(knownOf(play).names)).size).toBe(31)
    const { byDay } = await play.paid()
    expect(Math.max(...Object.values(byDay))).toBe(2)
    const read = new Set(play.lines().map(({ tags }) => tags['account_id']))
    expect(read.size).toBeGreaterThan(15)
  })

  it('goes on where a kill has ended it, and pays for no page again but that one', async () => {
    const play = await openPlay({ linked: 30, pageRows: 10, usageTypes: 6 }, ENOUGH)
    let pages = 0
    play.beforeCommit = ({ state }) => {
      if (!Object.hasOwn(state, KEY)) return
      pages += 1
      if (pages === 6) throw new Killed('kill -9')
    }
    await play.tick(NINE_MS)
    expect(Object.keys(knownOf(play).names)).toHaveLength(31)
    expect(knownOf(play).day).toBeUndefined()
    // Who has left is asked for as long as his costs may be corrected.
    expect(knownOf(play).open).toMatchObject({ days: { from: '2026-07-31', to: '2026-10-01' } })
    await play.tick(NINE_MS + HOUR_MS)
    expect(knownOf(play)).toMatchObject({ day: '2026-10-01' })
    expect((await play.paid()).repeated).toBe(1)
  })

  it('asks who else there is where AWS does not know its next page any more', async () => {
    const play = await openPlay({ linked: 30, pageRows: 10, usageTypes: 6 }, ENOUGH)
    let pages = 0
    play.beforeCommit = ({ state }) => {
      if (Object.hasOwn(state, KEY)) pages += 1
      if (pages === 3) throw new Killed('kill -9')
    }
    // The simulator refreshes its costs before the next tick.
    await play.tick(MONTH_START_MS + 18 * HOUR_MS)
    play.beforeCommit = () => undefined
    const next = await play.tick(MONTH_START_MS + 19 * HOUR_MS)
    expect(problemsOf(next).map(({ scope }) => scope)).toEqual(['123456789012/accounts'])
    await play.tick(MONTH_START_MS + 20 * HOUR_MS)
    expect(knownOf(play)).toMatchObject({ day: '2026-10-01' })
    expect(Object.keys(knownOf(play).names)).toHaveLength(31)
  })
})
