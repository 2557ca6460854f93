import { describe, expect, it } from 'vitest'
import { digestOf } from '../../../scripts/guance_aws_cloudwatch/digest.ts'
import {
  BOTH,
  expectOnce,
  FUNCTIONS,
  HOUR_MS,
  invoke,
  LAST,
  MAX,
  MINUTE_MS,
  mixed,
  SINCE_MS,
  START_MS,
  startPolling,
  truthOf,
  UNKNOWN,
  within,
} from '../../scripts/poll-fixture.ts'

describe('a store that keeps the last line', () => {
  it('holds after the audits exactly what CloudWatch finally says, hours-late minutes included', async () => {
    const endMs = START_MS + 36 * HOUR_MS
    const { late, poller } = await startPolling(mixed(SINCE_MS, START_MS + 4 * HOUR_MS), LAST)
    await poller.setFunctions(START_MS, FUNCTIONS)
    await poller.pollAll(START_MS, endMs)
    for (const { name } of FUNCTIONS) {
      const span = { fromMs: SINCE_MS, toMs: START_MS + 4 * HOUR_MS, atMs: endMs }
      expect(within(poller.held(name), span.fromMs, span.toMs)).toEqual(truthOf(late, name, span))
    }
    expect(poller.problems('late-change')).toEqual([])
  }, 60_000)

  it('is asked for once in the first poll, because every request is billed', async () => {
    const { late, poller } = await startPolling(mixed(SINCE_MS, START_MS), LAST)
    await poller.setFunctions(START_MS, FUNCTIONS)
    await poller.poll(START_MS)
    const asked = late.asked
      .filter(({ periodSec }) => periodSec === 60)
      .map(({ name, metric, startMs }) => `${name} ${metric} ${startMs}`)
    // Seven statistics of the three metrics of each function.
    expect(asked).toHaveLength(FUNCTIONS.length * 7)
  })

  it('asks once how long invocations take, also where AWS answers Forbidden', async () => {
    const { late, poller } = await startPolling(mixed(SINCE_MS, START_MS), LAST)
    late.fault = ({ metric }) => (metric === 'Duration' ? 'Forbidden' : undefined)
    await poller.setFunctions(START_MS, FUNCTIONS)
    await poller.pollAll(START_MS, START_MS + 15 * MINUTE_MS)
    expect(late.asked.filter(({ periodSec }) => periodSec === 86_400)).toHaveLength(1)
  })

  it('is not audited at every poll because of a metric that does not come complete', async () => {
    const { late, poller } = await startPolling(
      [{ name: 'short', invocations: invoke([SINCE_MS, START_MS], 1) }],
      LAST,
    )
    await poller.setFunctions(START_MS, FUNCTIONS)
    await poller.pollAll(START_MS, START_MS + 26 * HOUR_MS)
    const isAudit = ({ startMs, endMs }: { startMs: number; endMs: number }): boolean =>
      endMs - startMs > 4 * HOUR_MS
    late.fault = ({ metric }) => (metric === 'Throttles' ? 'InternalError' : undefined)
    const before = late.asked.length
    await poller.pollAll(START_MS + 48 * HOUR_MS, START_MS + 51 * HOUR_MS - MINUTE_MS)
    const audits = late.asked.slice(before).filter((one) => isAudit(one) && one.metric === 'Invocations')
    expect(audits).toHaveLength(3)
  })

  it('has the first value of a minute at the poll after two minutes', async () => {
    const { late, poller } = await startPolling(
      [{ name: 'long', invocations: invoke([SINCE_MS, START_MS + HOUR_MS], 1, { delayMs: 30_000 }) }],
      LAST,
    )
    await poller.setFunctions(START_MS, FUNCTIONS)
    await poller.poll(START_MS)
    const newest = Math.max(...poller.held('long').keys())
    expect(newest).toBe(START_MS - 3 * MINUTE_MS)
    expect(truthOf(late, 'long', { fromMs: newest, toMs: newest + MINUTE_MS })).toEqual(
      within(poller.held('long'), newest, newest + MINUTE_MS),
    )
  })
})

describe('a store of which nobody knows what it does with a second line', () => {
  it('gets each minute once, at its horizon, and every difference is told and kept', async () => {
    const endMs = START_MS + 36 * HOUR_MS
    const { late, poller } = await startPolling(mixed(SINCE_MS, START_MS + 4 * HOUR_MS), UNKNOWN)
    await poller.setFunctions(START_MS, FUNCTIONS)
    await poller.pollAll(START_MS, endMs)
    expectOnce(poller)
    const span = { fromMs: SINCE_MS, toMs: START_MS + 4 * HOUR_MS, atMs: endMs }
    for (const name of ['short', 'long']) {
      expect(within(poller.held(name), span.fromMs, span.toMs)).toEqual(truthOf(late, name, span))
    }
    const truth = truthOf(late, 'straggling', span)
    const held = poller.held('straggling')
    const wrong = [...truth].filter(([timeMs, line]) => digestOf(held.get(timeMs) ?? {}) !== digestOf(line))
    const told = poller
      .problems('late-change')
      .reduce((sum, message) => sum + Number(/changed (\d+) lines/.exec(message)?.[1]), 0)
    expect(wrong.length).toBeGreaterThan(0)
    expect(told).toBe(wrong.length)
    const [explanation] = (await poller.explain(endMs + 40 * HOUR_MS, 'straggling')) ?? []
    const changed = explanation?.facts.find(({ label }) => label === 'changed at CloudWatch after delivery')
    expect(changed?.value).toMatch(new RegExp(`^${wrong.length} minutes from 2026-11-`))
  }, 60_000)

  it('learns how long invocations take, and waits for a long-timeout function no longer than that', async () => {
    const { late, poller } = await startPolling(
      [
        {
          name: 'long',
          invocations: invoke([START_MS - 5 * 24 * HOUR_MS, START_MS + HOUR_MS], 7, { durationMs: 20_000 }),
        },
      ],
      UNKNOWN,
    )
    await poller.setFunctions(START_MS, FUNCTIONS)
    await poller.poll(START_MS)
    expect(late.asked.filter(({ periodSec }) => periodSec === 86_400)).toHaveLength(1)
    await poller.poll(START_MS + 5 * MINUTE_MS)
    expect(late.asked.filter(({ periodSec }) => periodSec === 86_400)).toHaveLength(1)
    const [explanation] = (await poller.explain(START_MS + 5 * MINUTE_MS, 'long')) ?? []
    const facts = new Map(explanation?.facts.map(({ label, value }) => [label, value]))
    expect(facts.get('complete and final up to')).toBe('2026-11-20T00:00:00Z')
    expect(facts.get('a minute is final after')).toBe(
      '6 min: 1 min for the minute itself, 3 min until CloudWatch shows it, 70 s, twice the longest invocation of 14 days (20 s) and 30 s',
    )
    expect(facts.get('known since')).toBe('2026-11-19T20:55:00Z')
    expect(facts.get('gaps')).toBe('none')
  })
})

describe('a store that keeps the larger value', () => {
  it('gets counts early and the rest once settled, and ends right where nothing shrinks afterwards', async () => {
    const endMs = START_MS + 30 * HOUR_MS
    const { late, poller } = await startPolling(mixed(SINCE_MS, START_MS + 2 * HOUR_MS).slice(0, 2), MAX)
    await poller.setFunctions(START_MS, FUNCTIONS)
    await poller.pollAll(START_MS, endMs)
    for (const name of ['short', 'long']) {
      const span = { fromMs: SINCE_MS, toMs: START_MS + 2 * HOUR_MS, atMs: endMs }
      expect(within(poller.held(name), span.fromMs, span.toMs)).toEqual(truthOf(late, name, span))
    }
    const early = poller.points().filter(({ fields }) => fields['Duration_Average'] === undefined)
    expect(early.length).toBeGreaterThan(10)
    expect(new Set(early.flatMap(({ fields }) => Object.keys(fields)))).toEqual(
      new Set(['Invocations_Sum', 'Throttles_Sum', 'Duration_Maximum', 'Duration_SampleCount']),
    )
  }, 60_000)
})

describe('a store that adds second lines up', () => {
  it('starts at now, because it may have had an earlier owner', async () => {
    const { poller } = await startPolling(
      [{ name: 'short', invocations: invoke([SINCE_MS, START_MS + HOUR_MS], 1) }],
      BOTH,
    )
    await poller.setFunctions(START_MS, FUNCTIONS)
    await poller.poll(START_MS)
    expect(poller.points()).toEqual([])
    await poller.poll(START_MS + 5 * MINUTE_MS)
    expect(Math.min(...poller.held('short').keys())).toBe(START_MS - 4 * MINUTE_MS)
  })
})
