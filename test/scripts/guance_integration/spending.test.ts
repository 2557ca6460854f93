import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Limits, spendingOf } from '../../../scripts/guance_integration/spending.ts'
import { makeRun, makeStore, SESSION, type TestStore } from '../run-context.ts'

const DAY_MS = 86_400_000
const NOVEMBER_MS = Date.UTC(2026, 10, 1)

async function openRun(store: TestStore, atMs: number, limits: Limits, purse: 'run' | 'critical' = 'run') {
  const context = makeRun(store, { triggerTimeMs: atMs, session: SESSION })
  const spending = spendingOf(context)
  for (const accountId of ['1', '2']) await spending.open(accountId, limits, purse)
  return spending
}

type Spending = Awaited<ReturnType<typeof openRun>>

/** Sends at once what may be sent; the sizes of what was. */
async function send(
  spending: Spending,
  sizes: readonly number[],
  accountId = '1',
): Promise<readonly number[]> {
  const sent = await Promise.allSettled(sizes.map(async (size) => spending.spend(accountId, size)))
  return sizes.filter((_, index) => sent[index]?.status === 'fulfilled')
}

function total(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + size, 0)
}

const sizes = fc.array(fc.integer({ min: 1, max: 500 }), { maxLength: 12 })

describe('a budget', () => {
  it('is never exceeded by more than one request, with restarts and kills', async () => {
    const polls = fc.array(fc.record({ sizes, isKilled: fc.boolean() }), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(polls, fc.integer({ min: 1, max: 6_000 }), async (given, perMonth) => {
        const store = makeStore()
        const sent: number[] = []
        for (const [index, poll] of given.entries()) {
          const spending = await openRun(store, NOVEMBER_MS + index * DAY_MS, { perMonth })
          sent.push(...(await send(spending, poll.sizes)))
          if (!poll.isKilled) await spending.close()
        }
        expect(total(sent)).toBeLessThan(perMonth + Math.max(1, ...sent))
        // Without a kill all of it can be used: only then a request is refused.
        const isCalm = given.every(({ isKilled }) => !isKilled)
        const asked = given.flatMap((poll) => poll.sizes)
        if (isCalm && sent.length < asked.length) expect(total(sent)).toBeGreaterThanOrEqual(perMonth)
      }),
      { numRuns: 200 },
    )
  })

  it('of a poll begins anew with each, of a month on its first day in UTC', async () => {
    const store = makeStore()
    const limits = { perPoll: 100, perMonth: 250 }
    const sent: number[] = []
    for (const day of [0, 1, 2, 29, 30]) {
      const spending = await openRun(store, NOVEMBER_MS + day * DAY_MS, limits)
      sent.push(total(await send(spending, [60, 60, 60])))
      await spending.close()
    }
    expect(sent).toEqual([120, 120, 60, 0, 120])
  })

  it('in all is one for all accounts, and counts what another function of the script spends', async () => {
    const store = makeStore()
    const run = await openRun(store, NOVEMBER_MS, { perMonthInAll: 100 })
    expect(await send(run, [40], '1')).toEqual([40])
    expect(await send(run, [40], '2')).toEqual([40])
    await run.close()
    const critical = await openRun(store, NOVEMBER_MS, { perMonthInAll: 100 }, 'critical')
    expect(await send(critical, [10, 10, 10], '1')).toEqual([10, 10])
    expect(critical.refusedOf('1')).toEqual({ text: expect.stringContaining('in all'), isMonth: true })
  })

  it('counts a month that a wrong clock wrote ahead, instead of forgetting it', async () => {
    const store = makeStore()
    const ahead = await openRun(store, NOVEMBER_MS + 40 * DAY_MS, { perMonth: 50 })
    await send(ahead, [50])
    await ahead.close()
    const back = await openRun(store, NOVEMBER_MS, { perMonth: 50 })
    expect(await send(back, [1])).toEqual([])
  })

  it('is the smaller one where two collectors of an account say, and that of the one where the other says none', async () => {
    const spending = await openRun(makeStore(), NOVEMBER_MS, { perMonth: 100, perPoll: 80 })
    await spending.open('1', {}, 'run')
    await spending.open('1', { perMonth: 40, perPoll: 200 }, 'run')
    expect(await send(spending, [40])).toEqual([40])
    expect(await send(spending, [1])).toEqual([])
  })

  it('that nobody set costs no commit', async () => {
    const store = makeStore()
    const spending = spendingOf(makeRun(store, { triggerTimeMs: NOVEMBER_MS, session: SESSION }))
    await spending.spend('1', 500)
    await spending.close()
    expect(store.commits).toEqual([])
  })
})
