import { describe, expect, it } from 'vitest'
import type { SinkTraits } from '../../../core/dff.ts'
import {
  expectOnce,
  FUNCTIONS,
  HOUR_MS,
  invoke,
  LAST,
  MERGING,
  MINUTE_MS,
  mixed,
  SINCE_MS,
  START_MS,
  startPolling,
  truthOf,
  UNKNOWN,
  within,
} from '../../scripts/poll-fixture.ts'

describe('a query that does not come complete', () => {
  const functions = [
    { name: 'a', invocations: invoke([SINCE_MS, START_MS + HOUR_MS], 1) },
    { name: 'b', invocations: invoke([SINCE_MS, START_MS + HOUR_MS], 1) },
  ]
  const known = ['a', 'b'].map((name) => ({ name, tags: {}, timeoutSec: 3 }))

  async function pollWithFault(sink: SinkTraits, polls: number) {
    const { late, poller } = await startPolling(functions, sink)
    await poller.setFunctions(START_MS, known)
    await poller.poll(START_MS)
    late.fault = ({ name, metric }) => (name === 'a' && metric === 'Throttles' ? 'PartialData' : undefined)
    await poller.pollAll(START_MS + 5 * MINUTE_MS, START_MS + polls * 5 * MINUTE_MS)
    late.fault = undefined
    return { late, poller }
  }

  it('lets the lines of its function wait, and no other', async () => {
    const { poller } = await pollWithFault(UNKNOWN, 2)
    expect(Math.max(...poller.held('a').keys())).toBe(START_MS - 5 * MINUTE_MS)
    expect(Math.max(...poller.held('b').keys())).toBe(START_MS + 5 * MINUTE_MS)
    expect(poller.problems('transient')[0]).toContain('The lines of 1 functions wait')
    await poller.poll(START_MS + 15 * MINUTE_MS)
    expect(Math.max(...poller.held('a').keys())).toBe(START_MS + 10 * MINUTE_MS)
    expectOnce(poller)
  })

  it('lets them go without it at the third poll', async () => {
    const { poller } = await pollWithFault(UNKNOWN, 3)
    expect(poller.problems('incomplete')).toHaveLength(1)
    const line = poller.held('a').get(START_MS + 10 * MINUTE_MS)
    expect(line).toHaveProperty('Invocations_Sum')
    expect(line).not.toHaveProperty('Throttles_Sum')
  })

  it('is written whole afterwards where the last line counts, and alone where fields are merged', async () => {
    for (const sink of [LAST, MERGING]) {
      const { late, poller } = await pollWithFault(sink, 4)
      const before = poller.points().length
      await poller.poll(START_MS + 25 * MINUTE_MS)
      const span = { fromMs: SINCE_MS, toMs: START_MS + 20 * MINUTE_MS }
      expect(within(poller.held('a'), span.fromMs, span.toMs)).toEqual(truthOf(late, 'a', span))
      const added = poller
        .points()
        .slice(before)
        .filter(({ fields }) => Object.keys(fields).length === 1)
      expect(added.length > 0).toBe(sink.mergesFields)
    }
  })

  it('does not keep the other metrics at an early value, however long it lasts', async () => {
    const { late, poller } = await startPolling(
      [{ name: 'a', invocations: invoke([SINCE_MS, START_MS + 3 * HOUR_MS], 0.25, { delayMs: 140_000 }) }],
      LAST,
    )
    await poller.setFunctions(START_MS, known)
    await poller.poll(START_MS)
    late.fault = ({ metric }) => (metric === 'Throttles' ? 'InternalError' : undefined)
    await poller.pollAll(START_MS + 5 * MINUTE_MS, START_MS + 2 * HOUR_MS)
    const span = { fromMs: START_MS + 20 * MINUTE_MS, toMs: START_MS + HOUR_MS }
    const invocations = (lines: ReadonlyMap<number, Readonly<Record<string, number>>>) =>
      [...lines].map(([timeMs, fields]) => [timeMs, fields['Invocations_Sum']])
    expect(invocations(within(poller.held('a'), span.fromMs, span.toMs))).toEqual(
      invocations(truthOf(late, 'a', span)),
    )
  })

  it('stays a difference that is told where nothing may be written twice', async () => {
    const { poller } = await pollWithFault(UNKNOWN, 4)
    await poller.poll(START_MS + 25 * MINUTE_MS)
    expect(poller.problems('late-change')).toHaveLength(1)
    expectOnce(poller)
  })
})

describe('an outage', () => {
  it('is followed by live traffic first, then everything is repaired at one minute, oldest first', async () => {
    const downMs = 60 * HOUR_MS
    const span = { fromMs: SINCE_MS, toMs: START_MS + downMs - 10 * MINUTE_MS }
    const { late, poller } = await startPolling(
      [{ name: 'short', invocations: invoke([SINCE_MS, START_MS + downMs], 2) }],
      UNKNOWN,
    )
    await poller.setFunctions(START_MS, FUNCTIONS)
    await poller.poll(START_MS)
    const commits = poller.store.commits.length
    await poller.poll(START_MS + downMs)
    const firsts = poller.store.commits.slice(commits).flatMap(({ points }) => points[0]?.timeMs ?? [])
    expect(firsts[0]).toBeGreaterThanOrEqual(START_MS + downMs - 4 * HOUR_MS)
    expect(firsts.slice(1)).toEqual(firsts.slice(1).toSorted((left, right) => left - right))
    expect(within(poller.held('short'), span.fromMs, span.toMs)).toEqual(truthOf(late, 'short', span))
    expectOnce(poller)
  })

  it('of more than 14 days and 12 hours says once what is lost', async () => {
    const downMs = 16 * 24 * HOUR_MS
    const { poller } = await startPolling([{ name: 'short', invocations: [] }], UNKNOWN)
    await poller.setFunctions(START_MS, FUNCTIONS)
    await poller.poll(START_MS)
    await poller.pollAll(START_MS + downMs, START_MS + downMs + 15 * MINUTE_MS)
    expect(poller.problems('gap')).toHaveLength(1)
    expect(poller.problems('gap')[0]).toMatch(/^216\d minutes/)
  })

  it('loses nothing of a function that was created while nothing ran', async () => {
    const bornMs = START_MS + 2 * HOUR_MS
    const backMs = START_MS + 10 * HOUR_MS
    const { late, poller } = await startPolling(
      [{ name: 'short', invocations: invoke([SINCE_MS, backMs], 1) }],
      UNKNOWN,
    )
    await poller.poll(START_MS)
    late.functions.push({ name: 'born', invocations: invoke([bornMs, backMs], 1) })
    await poller.poll(backMs)
    const span = { fromMs: bornMs, toMs: backMs - 20 * MINUTE_MS }
    expect(within(poller.held('born'), span.fromMs, span.toMs)).toEqual(truthOf(late, 'born', span))
    expectOnce(poller)
  })
})

describe('tags that change', () => {
  it('leave corrections and repairs in the series of the first write', async () => {
    const { late, poller } = await startPolling(mixed(SINCE_MS, START_MS + 8 * HOUR_MS).slice(1, 2), LAST)
    await poller.setFunctions(START_MS, FUNCTIONS)
    await poller.pollAll(START_MS, START_MS + HOUR_MS)
    const changeMs = START_MS + HOUR_MS + 5 * MINUTE_MS
    await poller.setFunctions(changeMs, [{ name: 'long', tags: { Runtime: 'nodejs26.x' }, timeoutSec: 900 }])
    await poller.pollAll(changeMs, changeMs + HOUR_MS)
    const runtimes = new Map<number, Set<string | undefined>>()
    for (const { tags, timeMs } of poller.points()) {
      runtimes.set(timeMs, (runtimes.get(timeMs) ?? new Set()).add(tags['Runtime']))
    }
    expect(Math.max(...[...runtimes.values()].map(({ size }) => size))).toBe(1)
    expect(new Set([...runtimes.values()].flatMap((set) => [...set]))).toEqual(
      new Set(['nodejs24.x', 'nodejs26.x']),
    )
    const span = { fromMs: SINCE_MS, toMs: START_MS + HOUR_MS }
    expect(within(poller.held('long'), span.fromMs, span.toMs)).toEqual(truthOf(late, 'long', span))
  })
})

describe('tags that changed days ago', () => {
  it('are still those of the minutes written with them, when a backfill by hand writes these again', async () => {
    const { poller } = await startPolling(
      [{ name: 'short', invocations: invoke([SINCE_MS, START_MS + HOUR_MS], 1) }],
      LAST,
    )
    await poller.setFunctions(START_MS, FUNCTIONS)
    await poller.pollAll(START_MS, START_MS + HOUR_MS)
    const changeMs = START_MS + 24 * HOUR_MS
    await poller.setFunctions(changeMs, [{ name: 'short', tags: { Runtime: 'nodejs26.x' }, timeoutSec: 3 }])
    for (let hour = 0; hour < 60; hour += 1) await poller.poll(changeMs + hour * HOUR_MS)
    const before = poller.points().length
    await poller.poll(changeMs + 60 * HOUR_MS, { startMs: START_MS, endMs: START_MS + 30 * MINUTE_MS })
    const again = poller.points().slice(before)
    expect(again).toHaveLength(30)
    expect(new Set(again.map(({ tags }) => tags['Runtime']))).toEqual(new Set(['nodejs24.x']))
  }, 60_000)
})

describe('a metric that is listed later than its function', () => {
  it('is not taken for lateness of AWS, which would delay every line', async () => {
    const names = Array.from({ length: 80 }, (_, index) => `f${index}`)
    const listedFromMs = { Throttles: START_MS + 90 * MINUTE_MS }
    const { poller } = await startPolling(
      names.map((name) => ({
        name,
        invocations: invoke([SINCE_MS, START_MS + 4 * HOUR_MS], 1),
        listedFromMs,
      })),
      LAST,
    )
    await poller.setFunctions(
      START_MS,
      names.map((name) => ({ name, tags: {}, timeoutSec: 3 })),
    )
    await poller.pollAll(START_MS, START_MS + 3 * HOUR_MS)
    const region = poller.store.state.get('region/123456789012/us-east-1/AWS/Lambda')
    expect(region).toMatchObject({ lateness: { byMinute: [] } })
    expect(poller.held('f0').get(START_MS + 2 * HOUR_MS)).toHaveProperty('Throttles_Sum')
  }, 60_000)

  it('is added to the minutes that were written without it, where the last line counts', async () => {
    const listedFromMs = { Throttles: START_MS + 10 * MINUTE_MS }
    const { late, poller } = await startPolling(
      [{ name: 'short', invocations: invoke([SINCE_MS, START_MS + HOUR_MS], 1), listedFromMs }],
      LAST,
    )
    await poller.setFunctions(START_MS, FUNCTIONS)
    await poller.pollAll(START_MS, START_MS + 30 * MINUTE_MS)
    const span = { fromMs: START_MS - 10 * MINUTE_MS, toMs: START_MS + 20 * MINUTE_MS }
    expect(within(poller.held('short'), span.fromMs, span.toMs)).toEqual(truthOf(late, 'short', span))
  })
})

describe('a backfill by hand', () => {
  it('writes what lies before the first look, once, and leaves the watermarks alone', async () => {
    const { late, poller } = await startPolling(
      [{ name: 'short', invocations: invoke([START_MS - 30 * HOUR_MS, START_MS + HOUR_MS], 1) }],
      UNKNOWN,
    )
    await poller.setFunctions(START_MS, FUNCTIONS)
    await poller.poll(START_MS)
    const window = { startMs: START_MS - 28 * HOUR_MS, endMs: START_MS }
    await poller.poll(START_MS + MINUTE_MS, window)
    await poller.poll(START_MS + 2 * MINUTE_MS, window)
    await poller.poll(START_MS + 5 * MINUTE_MS)
    const span = { fromMs: window.startMs, toMs: START_MS }
    expect(within(poller.held('short'), span.fromMs, span.toMs)).toEqual(truthOf(late, 'short', span))
    expectOnce(poller)
  })
})

describe('an audit', () => {
  it('has its turn for every function, also where polls are rare', async () => {
    const names = Array.from({ length: 150 }, (_, index) => `f${index}`)
    const { late, poller } = await startPolling(
      names.map((name) => ({ name, invocations: [] })),
      LAST,
    )
    await poller.setFunctions(
      START_MS,
      names.map((name) => ({ name, tags: {}, timeoutSec: 3 })),
    )
    const days = 4
    for (let hour = 0; hour <= 24 * days; hour += 1) await poller.poll(START_MS + hour * HOUR_MS)
    const audits = Map.groupBy(
      late.asked.filter((one) => one.metric === 'Throttles' && one.endMs - one.startMs > 12 * HOUR_MS),
      ({ name }) => name,
    )
    const counts = names.map((name) => audits.get(name)?.length ?? 0)
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(days - 1)
    expect(Math.max(...counts)).toBeLessThanOrEqual(days + 1)
  }, 60_000)

  it('reads every series once a day, and costs no more', async () => {
    const { late, poller } = await startPolling(
      [{ name: 'short', invocations: invoke([SINCE_MS, START_MS + HOUR_MS], 1) }],
      LAST,
    )
    await poller.setFunctions(START_MS, FUNCTIONS)
    await poller.pollAll(START_MS, START_MS + 60 * HOUR_MS)
    const long = late.asked.filter(
      ({ startMs, endMs, metric }) => metric === 'Throttles' && endMs - startMs > 6 * HOUR_MS,
    )
    expect(long.length).toBeGreaterThanOrEqual(2)
    expect(long.length).toBeLessThanOrEqual(3)
  }, 60_000)
})
