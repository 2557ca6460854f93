import { describe, expect, it } from 'vitest'
import type { SinkTraits } from '../../../core/dff.ts'
import { digestOf } from '../../../scripts/guance_aws_cloudwatch/digest.ts'
import {
  expectOnce,
  FUNCTIONS,
  HOUR_MS,
  invoke,
  LAST,
  MERGING,
  MINUTE_MS,
  SINCE_MS,
  START_MS,
  startPolling,
  truthOf,
  UNKNOWN,
  within,
} from '../../scripts/poll-fixture.ts'

const ALLOWED_MS = START_MS + 50 * HOUR_MS

/** Polls every half hour, as the one function works, while AWS answers Forbidden from the second poll on for so long. */
async function pollForbidden(sink: SinkTraits, metrics: readonly string[]) {
  const { late, poller } = await startPolling(
    [{ name: 'short', invocations: invoke([SINCE_MS, ALLOWED_MS + 4 * HOUR_MS], 2) }],
    sink,
  )
  await poller.setFunctions(START_MS, FUNCTIONS)
  await poller.poll(START_MS)
  late.fault = ({ metric }) => (metrics.includes(metric) ? 'Forbidden' : undefined)
  for (let timeMs = START_MS + 30 * MINUTE_MS; timeMs < ALLOWED_MS; timeMs += 30 * MINUTE_MS) {
    await poller.poll(timeMs)
  }
  late.fault = undefined
  await poller.pollAll(ALLOWED_MS, ALLOWED_MS + 20 * MINUTE_MS)
  return { late, poller, span: { fromMs: SINCE_MS, toMs: ALLOWED_MS } }
}

const EVERYTHING = ['Invocations', 'Throttles', 'Duration']

describe('a metric that was Forbidden for days and is allowed again', () => {
  it.each([LAST, MERGING, { rewrite: 'last', mergesFields: true } as const])(
    'comes for all that time where a store takes a second line: %j',
    async (sink) => {
      const { late, poller, span } = await pollForbidden(sink, ['Throttles'])
      expect(within(poller.held('short'), span.fromMs, span.toMs)).toEqual(truthOf(late, 'short', span))
      expect(poller.problems('gap')).toEqual([])
    },
    60_000,
  )

  it('is said to be missing where nothing may be written twice', async () => {
    const { late, poller, span } = await pollForbidden(UNKNOWN, ['Throttles'])
    expectOnce(poller)
    expect(poller.problems('gap')).toHaveLength(1)
    const [text = ''] = poller.problems('gap')
    const told = Number(/^(\d+) minutes/.exec(text)?.[1])
    const truth = truthOf(late, 'short', { fromMs: START_MS, toMs: span.toMs - HOUR_MS })
    const held = poller.held('short')
    const wrong = [...truth].filter(([timeMs, line]) => digestOf(held.get(timeMs) ?? {}) !== digestOf(line))
    expect(wrong.length).toBe(truth.size)
    expect(told).toBeGreaterThan(15 * 60)
    expect(text).toContain('Throttles_Sum')
  }, 60_000)

  it('is no reason to believe that AWS is late', async () => {
    const { poller } = await pollForbidden(LAST, ['Throttles'])
    const region = poller.store.state.get('region/123456789012/us-east-1/AWS/Lambda')
    expect(region).toMatchObject({ lateness: { byMinute: [] } })
  }, 60_000)
})

describe('two metrics that are Forbidden at different times', () => {
  it('lose nothing to each other where a second line takes the place of the first', async () => {
    const { late, poller } = await startPolling(
      [{ name: 'short', invocations: invoke([SINCE_MS, ALLOWED_MS + 40 * HOUR_MS], 2) }],
      LAST,
    )
    const pollFor = async (fromHour: number, toHour: number, metrics: readonly string[]) => {
      late.fault = ({ metric }) => (metrics.includes(metric) ? 'Forbidden' : undefined)
      for (let hour = fromHour; hour < toHour; hour += 0.5) await poller.poll(START_MS + hour * HOUR_MS)
    }
    await poller.setFunctions(START_MS, FUNCTIONS)
    await pollFor(0, 1, [])
    await pollFor(1, 10, ['Throttles'])
    await pollFor(10, 20, ['Throttles', 'Duration'])
    // The first comes again, and the second not yet: only where both were lacking a line can be written with the first.
    await pollFor(20, 60, ['Duration'])
    const both = { fromMs: START_MS + 11 * HOUR_MS, toMs: START_MS + 19 * HOUR_MS }
    const throttles = [...within(poller.held('short'), both.fromMs, both.toMs).values()]
    expect(throttles.length).toBeGreaterThan(100)
    expect(throttles.filter((line) => !('Throttles_Sum' in line))).toEqual([])
    const before = [...within(poller.held('short'), SINCE_MS, both.fromMs - 2 * HOUR_MS).values()]
    expect(before.filter((line) => !('Duration_Average' in line))).toEqual([])
    await pollFor(60, 62, [])
    const span = { fromMs: SINCE_MS, toMs: START_MS + 61 * HOUR_MS }
    expect(within(poller.held('short'), span.fromMs, span.toMs)).toEqual(truthOf(late, 'short', span))
  }, 60_000)

  it('are told once for what is too old when one is allowed after more than two weeks', async () => {
    const { late, poller } = await startPolling(
      [{ name: 'short', invocations: invoke([SINCE_MS, START_MS + 20 * 24 * HOUR_MS], 30) }],
      LAST,
    )
    await poller.setFunctions(START_MS, FUNCTIONS)
    await poller.poll(START_MS)
    late.fault = ({ metric }) => (metric === 'Throttles' ? 'Forbidden' : undefined)
    const backMs = START_MS + 18 * 24 * HOUR_MS
    for (let timeMs = START_MS + HOUR_MS; timeMs < backMs; timeMs += 2 * HOUR_MS) await poller.poll(timeMs)
    late.fault = undefined
    await poller.pollAll(backMs, backMs + 20 * MINUTE_MS)
    expect(poller.problems('gap')).toHaveLength(1)
    const span = { fromMs: backMs - 14 * 24 * HOUR_MS, toMs: backMs }
    expect(within(poller.held('short'), span.fromMs, span.toMs)).toEqual(truthOf(late, 'short', span))
  }, 60_000)
})

describe('a function of which everything was Forbidden for days', () => {
  it.each([LAST, UNKNOWN, MERGING])(
    'is collected for all that time: %j',
    async (sink) => {
      const { late, poller, span } = await pollForbidden(sink, EVERYTHING)
      expect(within(poller.held('short'), span.fromMs, span.toMs)).toEqual(truthOf(late, 'short', span))
      if (sink !== LAST) expectOnce(poller)
    },
    60_000,
  )

  it('is not asked for its gaps while nothing is allowed', async () => {
    const { late, poller } = await startPolling(
      [{ name: 'short', invocations: invoke([SINCE_MS, START_MS + 30 * HOUR_MS], 2) }],
      UNKNOWN,
    )
    await poller.setFunctions(START_MS, FUNCTIONS)
    await poller.poll(START_MS)
    late.fault = () => 'Forbidden'
    const before = late.asked.length
    for (let hour = 5; hour < 15; hour += 1) await poller.poll(START_MS + hour * HOUR_MS)
    expect(late.asked.length - before).toBe(10 * 7)
  })
})

describe('a metric that becomes Forbidden', () => {
  it('does not take its values with it where a second line takes the place of the first', async () => {
    const { late, poller } = await startPolling(
      [{ name: 'short', invocations: invoke([SINCE_MS, START_MS + 30 * HOUR_MS], 2) }],
      LAST,
    )
    await poller.setFunctions(START_MS, FUNCTIONS)
    await poller.pollAll(START_MS, START_MS + HOUR_MS)
    late.fault = ({ metric }) => (metric === 'Throttles' ? 'Forbidden' : undefined)
    await poller.pollAll(START_MS + HOUR_MS + 5 * MINUTE_MS, START_MS + 28 * HOUR_MS)
    const span = { fromMs: SINCE_MS, toMs: START_MS + HOUR_MS - 15 * MINUTE_MS }
    expect(within(poller.held('short'), span.fromMs, span.toMs)).toEqual(truthOf(late, 'short', span))
  }, 60_000)
})
