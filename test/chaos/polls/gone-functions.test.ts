import { describe, expect, it } from 'vitest'
import {
  HOUR_MS,
  invoke,
  LAST,
  MINUTE_MS,
  SINCE_MS,
  START_MS,
  startPolling,
  UNKNOWN,
} from '../../scripts/poll-fixture.ts'

const DAY_MS = 24 * HOUR_MS
const KNOWN = ['stays', 'leaves'].map((name) => ({ name, tags: {}, timeoutSec: 900 }))

/** Polls four times a day while one of two functions is not listed, and once more when it is back. */
async function pollWithout(days: number) {
  const backMs = START_MS + days * DAY_MS
  const { late, poller } = await startPolling(
    [
      { name: 'stays', invocations: invoke([SINCE_MS, backMs + HOUR_MS], 60) },
      { name: 'leaves', invocations: invoke([SINCE_MS, START_MS], 60) },
    ],
    UNKNOWN,
  )
  await poller.setFunctions(START_MS, KNOWN)
  await poller.pollAll(START_MS, START_MS + HOUR_MS)
  const [gone] = late.functions.splice(1, 1)
  for (let timeMs = START_MS + 6 * HOUR_MS; timeMs < backMs; timeMs += 6 * HOUR_MS) await poller.poll(timeMs)
  const kept = new Map(poller.store.state)
  if (gone !== undefined) late.functions.push(gone)
  await poller.poll(backMs)
  return { poller, kept }
}

describe('a function that comes back after weeks', () => {
  it('has no gap where nobody was to collect it', async () => {
    const { poller } = await pollWithout(30)
    expect(poller.problems('gap')).toEqual([])
  }, 60_000)

  it('leaves nothing behind that is kept for ever', async () => {
    const { kept } = await pollWithout(4)
    const stored = [...kept].filter(([, value]) => JSON.stringify(value) !== '{}').map(([key]) => key)
    const buckets = (kind: string): number =>
      new Set(stored.filter((key) => key.startsWith(`${kind}/`)).map((key) => key.split('/')[5])).size
    expect(buckets('digest')).toBe(1)
    expect(buckets('longest')).toBe(1)
  }, 60_000)
})

describe('a connector that was given another store', () => {
  it('is not told of differences to what the old one holds, and gets each minute once', async () => {
    const { poller } = await startPolling(
      [
        {
          name: 'straggling',
          invocations: [
            ...invoke([SINCE_MS, START_MS + 40 * HOUR_MS], 1),
            ...invoke([SINCE_MS, START_MS + 4 * HOUR_MS], 30, { delayMs: 5 * HOUR_MS }),
          ],
        },
      ],
      { ...LAST, store: 'old' },
    )
    await poller.setFunctions(START_MS, KNOWN)
    const movedMs = START_MS + 4 * HOUR_MS
    await poller.pollAll(START_MS, movedMs)
    poller.sink = { ...UNKNOWN, store: 'new' }
    const before = poller.points().length
    for (let timeMs = movedMs; timeMs < START_MS + 36 * HOUR_MS; timeMs += 20 * MINUTE_MS)
      await poller.poll(timeMs)
    expect(poller.problems('late-change')).toEqual([])
    const times = poller
      .points()
      .slice(before)
      .map(({ timeMs }) => timeMs)
    expect(new Set(times).size).toBe(times.length)
    expect(Math.min(...times)).toBeGreaterThan(movedMs - 10 * MINUTE_MS)
    expect(times.length).toBeGreaterThan(0)
  }, 60_000)
})
