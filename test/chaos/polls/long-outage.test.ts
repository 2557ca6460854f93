import { describe, expect, it } from 'vitest'
import type { SinkTraits } from '../../../core/dff.ts'
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
} from '../../scripts/poll-fixture.ts'

const DOWN_MS = START_MS + 6 * HOUR_MS

/** Six hours of polls, an outage, and a day of polls; before it, an invocation an hour is reported six hours late. */
async function pollAround(outageHours: number, sink: SinkTraits) {
  const backMs = DOWN_MS + outageHours * HOUR_MS
  const { late, poller } = await startPolling(
    [
      {
        name: 'straggling',
        invocations: [
          ...invoke([SINCE_MS, backMs], 1),
          ...invoke([SINCE_MS, DOWN_MS - 10 * MINUTE_MS], 60, { delayMs: 6 * HOUR_MS }),
        ],
      },
    ],
    sink,
  )
  await poller.setFunctions(START_MS, FUNCTIONS)
  await poller.pollAll(START_MS, DOWN_MS)
  for (let timeMs = backMs; timeMs <= backMs + 26 * HOUR_MS; timeMs += 20 * MINUTE_MS) {
    await poller.poll(timeMs)
  }
  return { late, poller, span: { fromMs: SINCE_MS, toMs: backMs } }
}

describe('a value that came hours late before an outage', () => {
  it.each([41, 43, 100])(
    'is right in the end, %i hours later',
    async (hours) => {
      const { late, poller, span } = await pollAround(hours, LAST)
      expect(within(poller.held('straggling'), span.fromMs, span.toMs)).toEqual(
        truthOf(late, 'straggling', span),
      )
    },
    60_000,
  )

  it.each([41, 43, 100])(
    'is told where nothing may be written twice, %i hours later',
    async (hours) => {
      const { poller } = await pollAround(hours, UNKNOWN)
      expectOnce(poller)
      const told = poller
        .problems('late-change')
        .reduce((sum, message) => sum + Number(/changed (\d+) lines/.exec(message)?.[1]), 0)
      expect(told).toBe(9)
    },
    60_000,
  )

  it('costs no digests for ever', async () => {
    const { poller } = await pollAround(100, LAST)
    const hours = [...poller.store.state.keys()].filter((key) => key.startsWith('digest/'))
    expect(hours.length).toBeLessThanOrEqual(34)
  }, 60_000)
})
