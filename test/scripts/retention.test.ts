import { describe, expect, it } from 'vitest'
import type { SinkTraits } from '../../core/dff.ts'
import {
  expectOnce,
  FUNCTIONS,
  HOUR_MS,
  invoke,
  LAST,
  MINUTE_MS,
  SINCE_MS,
  START_MS,
  startPolling,
  truthOf,
  UNKNOWN,
  within,
} from './poll-fixture.ts'

describe('a store that takes points of one day', () => {
  const sink: SinkTraits = { ...UNKNOWN, retentionHours: 24 }
  const backMs = START_MS + 72 * HOUR_MS

  it('gets after a longer outage the last day repaired, and the record says what is too old for it', async () => {
    const { late, poller } = await startPolling(
      [{ name: 'short', invocations: invoke([SINCE_MS, backMs + HOUR_MS], 2) }],
      sink,
    )
    await poller.setFunctions(START_MS, FUNCTIONS)
    await poller.poll(START_MS)
    const before = poller.points().length
    await poller.setFunctions(backMs, FUNCTIONS)
    await poller.pollAll(backMs, backMs + 10 * MINUTE_MS)
    const oldest = Math.min(
      ...poller
        .points()
        .slice(before)
        .map(({ timeMs }) => timeMs),
    )
    expect(oldest).toBe(backMs - 24 * HOUR_MS + 16 * MINUTE_MS)
    const span = { fromMs: oldest, toMs: backMs }
    expect(within(poller.held('short'), span.fromMs, span.toMs)).toEqual(truthOf(late, 'short', span))
    expectOnce(poller)
    expect(poller.problems('gap')).toEqual([
      "2899 minutes of functions before 2026-11-23T00:00:00Z are older than the 24 hours that the connector's store takes, and stay missing. If it takes more, say so: dff connector set … --retention HOURS.",
    ])
  })

  it('gets no older point by a backfill, which says so', async () => {
    const { poller } = await startPolling(
      [{ name: 'short', invocations: invoke([START_MS - 48 * HOUR_MS, START_MS], 2) }],
      sink,
    )
    await poller.setFunctions(START_MS, FUNCTIONS)
    await poller.poll(START_MS)
    await poller.poll(START_MS + MINUTE_MS, { startMs: START_MS - 48 * HOUR_MS, endMs: START_MS })
    expect(Math.min(...poller.held('short').keys())).toBeGreaterThanOrEqual(START_MS - 24 * HOUR_MS)
    expect(poller.problems('gap')[0]).toMatch(/^1456 minutes .* older than the 24 hours/)
    await poller.poll(START_MS + 2 * MINUTE_MS, {
      startMs: START_MS - 48 * HOUR_MS,
      endMs: START_MS - 40 * HOUR_MS,
    })
    expect(poller.problems('gap')[1]).toMatch(/^480 minutes/)
  })
})

describe('a store that takes points of two hours', () => {
  const sink: SinkTraits = { ...LAST, retentionHours: 2 }

  it('never gets an older one: not by a first look, not late, not by an audit', async () => {
    const endMs = START_MS + 26 * HOUR_MS
    const straggling = invoke([SINCE_MS, endMs], 61, { delayMs: 3 * HOUR_MS })
    const { poller } = await startPolling(
      [{ name: 'straggling', invocations: [...invoke([SINCE_MS, endMs], 7), ...straggling] }],
      sink,
    )
    await poller.setFunctions(START_MS, FUNCTIONS)
    for (let timeMs = START_MS; timeMs <= endMs; timeMs += 5 * MINUTE_MS) {
      const before = poller.points().length
      await poller.poll(timeMs)
      for (const point of poller.points().slice(before)) {
        expect(point.timeMs).toBeGreaterThanOrEqual(timeMs - 2 * HOUR_MS)
      }
    }
    expect(poller.points().length).toBeGreaterThan(200)
    expect(poller.problems('gap')).toEqual([])
  }, 60_000)
})
