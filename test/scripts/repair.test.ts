import { describe, expect, it } from 'vitest'
import {
  HOUR_MS,
  invoke,
  MINUTE_MS,
  SINCE_MS,
  START_MS,
  startPolling,
  truthOf,
  UNKNOWN,
  within,
} from './poll-fixture.ts'

describe('a repair', () => {
  const downMs = 200 * HOUR_MS
  const names = Array.from({ length: 12 }, (_, index) => `f${index}`)

  async function pollAfterOutage(elapsedMs: () => number) {
    const { late, poller } = await startPolling(
      names.map((name) => ({ name, invocations: invoke([SINCE_MS, START_MS + downMs], 60) })),
      UNKNOWN,
    )
    await poller.setFunctions(
      START_MS,
      names.map((name) => ({ name, tags: {}, timeoutSec: 3 })),
    )
    await poller.poll(START_MS)
    poller.elapsedMs = elapsedMs
    const commits = poller.store.commits.length
    await poller.poll(START_MS + downMs)
    return { late, poller, commits: poller.store.commits.length - commits }
  }

  it('leaves the next tick its turn, and goes on in the next run', async () => {
    let asked = 0
    // Each question takes half a minute.
    const slow = await pollAfterOutage(() => (asked += 1) * 30_000)
    const quick = await pollAfterOutage(() => 0)
    expect(slow.commits).toBeLessThan(quick.commits)
    slow.poller.elapsedMs = () => 0
    await slow.poller.poll(START_MS + downMs + 5 * MINUTE_MS)
    const span = { fromMs: SINCE_MS, toMs: START_MS + downMs - 10 * MINUTE_MS }
    for (const name of names) {
      expect(within(slow.poller.held(name), span.fromMs, span.toMs)).toEqual(truthOf(slow.late, name, span))
    }
  }, 60_000)

  it('gets on also where live traffic takes all the time that there is before the next tick', async () => {
    const busy = await pollAfterOutage(() => 10 * MINUTE_MS)
    const none = await pollAfterOutage(() => 60 * MINUTE_MS - 1)
    expect(busy.commits).toBeGreaterThan(none.commits)
  }, 60_000)
})

describe('a function that was silent for two weeks', () => {
  it('is still repaired when it leaves the list after an outage, and asked for no more afterwards', async () => {
    const backMs = START_MS + 13.5 * 24 * HOUR_MS
    const lastWork = invoke([SINCE_MS, START_MS + 6 * HOUR_MS], 1)
    const { late, poller } = await startPolling(
      [
        { name: 'short', invocations: invoke([SINCE_MS, backMs + HOUR_MS], 60) },
        { name: 'silent', invocations: lastWork },
      ],
      UNKNOWN,
    )
    await poller.setFunctions(
      START_MS,
      ['short', 'silent'].map((name) => ({ name, tags: {}, timeoutSec: 3 })),
    )
    await poller.poll(START_MS)
    late.functions.pop()
    await poller.pollAll(backMs, backMs + HOUR_MS)
    expect(poller.held('silent').size).toBe(lastWork.length)
    const before = late.asked.length
    await poller.pollAll(backMs + HOUR_MS + 5 * MINUTE_MS, backMs + 2 * HOUR_MS)
    expect(late.asked.slice(before).filter(({ name }) => name === 'silent')).toEqual([])
  }, 60_000)
})
