import { describe, expect, it } from 'vitest'
import type { SinkTraits } from '../../../core/dff.ts'
import { SLEEPY, startHome } from '../../scripts/policy-fixture.ts'
import {
  expectOnce,
  FUNCTIONS,
  HOUR_MS,
  invoke,
  LAST,
  MAX,
  MERGING,
  MINUTE_MS,
  SINCE_MS,
  START_MS,
  startPolling,
  truthOf,
  UNKNOWN,
  within,
} from '../../scripts/poll-fixture.ts'

const CHANGED_MS = START_MS + 4.5 * HOUR_MS
const AUDITED_MS = START_MS + 40 * HOUR_MS

/** A function of which some invocations are reported 5 hours late, when the list of metrics has changed meanwhile. */
async function pollChanged(sink: SinkTraits, from: readonly string[], to: readonly string[]) {
  const straggling = invoke([SINCE_MS, START_MS + 4 * HOUR_MS], 61, { delayMs: 5 * HOUR_MS })
  const { late, poller } = await startPolling(
    [
      {
        name: 'straggling',
        invocations: [...invoke([SINCE_MS, START_MS + 38 * HOUR_MS], 1), ...straggling],
      },
    ],
    sink,
  )
  await poller.setFunctions(START_MS, FUNCTIONS)
  poller.metrics = from
  await poller.pollAll(START_MS, CHANGED_MS - 5 * MINUTE_MS)
  poller.metrics = to
  await poller.pollAll(CHANGED_MS, AUDITED_MS)
  return { late, poller, span: { fromMs: SINCE_MS, toMs: START_MS + 4 * HOUR_MS } }
}

const ALL = ['Invocations', 'Throttles', 'Duration']
const FEWER = ['Invocations', 'Duration']

function changedLines(messages: readonly string[]): number {
  return messages.reduce((sum, message) => sum + Number(/changed (\d+) lines/.exec(message)?.[1]), 0)
}

describe('a changed list of metrics', () => {
  it.each([
    ['longer', FEWER, ALL],
    ['shorter', ALL, FEWER],
  ] as const)(
    'that is %s hides no difference where nothing may be written twice',
    async (_, from, to) => {
      const { poller } = await pollChanged(UNKNOWN, from, to)
      expectOnce(poller)
      // Of the minutes before the change, lines that were written without a new metric are told at once, and not here.
      const old = poller
        .problems('late-change')
        .filter((message) => !/ ([0-9]|[0-9][0-9]) minutes/.test(message))
      expect(changedLines(old)).toBe(Math.ceil((7 * 60) / 61))
    },
    60_000,
  )

  it.each([LAST, MAX])(
    'that is shorter leaves what was written as it was: %j',
    async (sink) => {
      const { late, poller, span } = await pollChanged(sink, ALL, FEWER)
      expect(within(poller.held('straggling'), span.fromMs, span.toMs)).toEqual(
        truthOf(late, 'straggling', span),
      )
      const later = [...within(poller.held('straggling'), CHANGED_MS + HOUR_MS, AUDITED_MS).values()]
      expect(later.length).toBeGreaterThan(0)
      expect(later.filter((line) => 'Throttles_Sum' in line)).toEqual([])
    },
    60_000,
  )

  it('that is shorter is no longer asked for in full once the earlier minutes are final', async () => {
    const { late, poller } = await pollChanged(LAST, ALL, FEWER)
    const before = late.asked.length
    await poller.pollAll(AUDITED_MS + 5 * MINUTE_MS, AUDITED_MS + HOUR_MS)
    expect(late.asked.slice(before).filter(({ metric }) => metric === 'Throttles')).toEqual([])
  }, 60_000)

  it('that is longer is written for the 30 hours before where fields are merged, by the audit', async () => {
    const { late, poller, span } = await pollChanged(MERGING, FEWER, ALL)
    const held = within(poller.held('straggling'), span.fromMs, span.toMs)
    const truth = truthOf(late, 'straggling', span)
    const unchanged = [...truth].filter(
      ([timeMs, line]) => held.get(timeMs)?.['Invocations_Sum'] === line['Invocations_Sum'],
    )
    expect(unchanged.length).toBeGreaterThan(100)
    for (const [timeMs, line] of unchanged) expect(held.get(timeMs)).toEqual(line)
  }, 60_000)

  it('leaves earlier minutes whole in a backfill by hand, days later', async () => {
    const { late, poller, span } = await pollChanged(LAST, ALL, FEWER)
    const laterMs = AUDITED_MS + 40 * HOUR_MS
    for (let timeMs = AUDITED_MS; timeMs < laterMs; timeMs += HOUR_MS) await poller.poll(timeMs)
    await poller.poll(laterMs, { startMs: span.fromMs, endMs: span.toMs })
    expect(within(poller.held('straggling'), span.fromMs, span.toMs)).toEqual(
      truthOf(late, 'straggling', span),
    )
  }, 60_000)

  it.each([true, false])(
    'that is longer is told as no change of CloudWatch’s where the larger value stays, merged: %s',
    async (mergesFields) => {
      const groups = SLEEPY.slice(0, 1).map((group) => ({ ...group, share: 1 }))
      const home = await startHome(groups, { functions: 3, sink: { rewrite: 'max', mergesFields } })
      const from = Date.parse('2026-11-10T00:00:00Z')
      const targets = [{ namespace: 'AWS/Lambda', metrics: ['Invocations', 'Duration'] }]
      await home.pollAll(from, from + HOUR_MS, { targets })
      const { problems } = await home.poll(from + HOUR_MS, {})
      expect(problems).toEqual([])
    },
    60_000,
  )
})
