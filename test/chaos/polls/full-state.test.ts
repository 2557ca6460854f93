import { describe, expect, it } from 'vitest'
import { DffError, type SinkTraits } from '../../../core/dff.ts'
import {
  expectOnce,
  HOUR_MS,
  invoke,
  LAST,
  MINUTE_MS,
  type Poller,
  SINCE_MS,
  START_MS,
  startPolling,
  truthOf,
  UNKNOWN,
  within,
} from '../../scripts/poll-fixture.ts'

/** Refuses state beyond so many bytes, as the host's store does. */
function limitState(poller: Poller, maxBytes: number): void {
  poller.beforeCommit = ({ state }) => {
    const after = new Map(poller.store.state)
    for (const [key, value] of Object.entries(state)) {
      if (value === null) after.delete(key)
      else after.set(key, value)
    }
    const bytes = [...after.values()].reduce<number>((sum, value) => sum + JSON.stringify(value).length, 0)
    if (bytes <= maxBytes) return
    throw new DffError({
      code: 'STATE_FULL',
      place: 'state',
      expected: `at most ${maxBytes} bytes`,
      got: `${bytes} bytes`,
      remedy: 'Nothing was written.',
    })
  }
}

async function pollWithin(maxBytes: number, sink: SinkTraits) {
  const names = Array.from({ length: 6 }, (_, index) => `f${index}`)
  const endMs = START_MS + 36 * HOUR_MS
  const { late, poller } = await startPolling(
    names.map((name) => ({ name, invocations: invoke([SINCE_MS, endMs], 1) })),
    sink,
  )
  await poller.setFunctions(
    START_MS,
    names.map((name) => ({ name, tags: {}, timeoutSec: 3 })),
  )
  limitState(poller, maxBytes)
  for (let timeMs = START_MS; timeMs <= endMs; timeMs += 20 * MINUTE_MS) await poller.poll(timeMs)
  return { late, poller, names, span: { fromMs: SINCE_MS, toMs: endMs - HOUR_MS } }
}

describe('state that is full', () => {
  it.each([LAST, UNKNOWN])(
    'costs no point, and is said with what helps: %j',
    async (sink) => {
      const { late, poller, names, span } = await pollWithin(30_000, sink)
      for (const name of names) {
        expect(within(poller.held(name), span.fromMs, span.toMs)).toEqual(truthOf(late, name, span))
      }
      const [first] = poller.problems('state-full')
      expect(first).toContain('Collect fewer accounts and regions')
      if (sink === UNKNOWN) expectOnce(poller)
    },
    60_000,
  )

  it('is not reached by functions that take 9 KB each', async () => {
    const { poller, names } = await pollWithin(10_000 * 6 + 5_000, LAST)
    expect(poller.problems('state-full')).toEqual([])
    expect(poller.stateBytes('digest/') / names.length).toBeLessThan(9_500)
  }, 60_000)
})
