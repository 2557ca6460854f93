import { describe, expect, it } from 'vitest'
import {
  FUNCTIONS,
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

const END_MS = START_MS + HOUR_MS

async function pollLong(otherSeries: number) {
  const { late, poller } = await startPolling(
    [{ name: 'short', invocations: invoke([SINCE_MS, END_MS], 1) }],
    UNKNOWN,
  )
  late.otherSeries = otherSeries
  await poller.setFunctions(START_MS, FUNCTIONS)
  await poller.pollAll(START_MS, START_MS + 10 * MINUTE_MS)
  late.functions.push({ name: 'new', invocations: invoke([START_MS, END_MS], 1) })
  late.calls.length = 0
  await poller.poll(START_MS + 15 * MINUTE_MS)
  // How many requests for data there are in a row is nobody's business here.
  const calls = late.calls.filter((call, index, all) => call === 'ListMetrics' || call !== all[index - 1])
  return { late, poller, calls }
}

describe('a list of series that takes long', () => {
  it('is renewed behind what the last one names, so that no line waits for it', async () => {
    const { calls } = await pollLong(3_000)
    const pages = Array.from({ length: 7 }, () => 'ListMetrics')
    // The first one is for AWS's time.
    expect(calls).toEqual(['ListMetrics', 'GetMetricData', ...pages, 'GetMetricData'])
  })

  it('gives its new functions in the same run, from their first minute on', async () => {
    const { late, poller } = await pollLong(3_000)
    const span = { fromMs: START_MS, toMs: START_MS + 10 * MINUTE_MS }
    expect(poller.held('new').size).toBeGreaterThan(0)
    expect(within(poller.held('new'), span.fromMs, span.toMs)).toEqual(truthOf(late, 'new', span))
    await poller.pollAll(START_MS + 20 * MINUTE_MS, END_MS)
    for (const name of ['short', 'new']) {
      const whole = { fromMs: START_MS, toMs: END_MS - 10 * MINUTE_MS }
      expect(within(poller.held(name), whole.fromMs, whole.toMs)).toEqual(truthOf(late, name, whole))
    }
  })

  it('comes first while it is short', async () => {
    const { calls } = await pollLong(0)
    expect(calls).toEqual(['ListMetrics', 'GetMetricData'])
  })
})
