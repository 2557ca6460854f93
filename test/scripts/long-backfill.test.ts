import { describe, expect, it } from 'vitest'
import {
  expectOnce,
  FUNCTIONS,
  HOUR_MS,
  invoke,
  MINUTE_MS,
  START_MS,
  startPolling,
  truthOf,
  UNKNOWN,
  within,
} from './poll-fixture.ts'

const DAYS = 10
const OLDEST_MS = START_MS - DAYS * 24 * HOUR_MS

/** A poll, and a backfill of ten days of which each slice takes `minutes`. */
async function backfillSlowly(minutes: number) {
  const { late, poller } = await startPolling(
    [{ name: 'short', invocations: invoke([OLDEST_MS, START_MS + 3 * HOUR_MS], 10) }],
    UNKNOWN,
  )
  await poller.setFunctions(START_MS, FUNCTIONS)
  await poller.poll(START_MS)
  let elapsedMs = 0
  const beginMs = START_MS + 5 * MINUTE_MS
  poller.elapsedMs = () => elapsedMs
  poller.beforeCommit = ({ points }) => {
    if (!points.some(({ timeMs }) => timeMs < START_MS - 4 * HOUR_MS)) return
    elapsedMs += minutes * MINUTE_MS
    late.nowMs = beginMs + elapsedMs
  }
  await poller.poll(beginMs, { startMs: OLDEST_MS, endMs: START_MS })
  return { late, poller, endMs: beginMs + elapsedMs }
}

describe('a long backfill by hand', () => {
  it('does the work of the polls that it holds up', async () => {
    const { late, poller, endMs } = await backfillSlowly(5)
    const span = { fromMs: OLDEST_MS, toMs: endMs - 15 * MINUTE_MS }
    expect(span.toMs).toBeGreaterThan(START_MS + 20 * MINUTE_MS)
    expect(within(poller.held('short'), span.fromMs, span.toMs)).toEqual(truthOf(late, 'short', span))
    expectOnce(poller)
    expect(poller.problems('backfill-unfinished')).toEqual([])
  })

  it('ends before its task is ended, and names what is left', async () => {
    const { late, poller } = await backfillSlowly(16)
    const [message = ''] = poller.problems('backfill-unfinished')
    const [, from = '', to = ''] = /--backfill (\S+)\.\.(\S+)\.$/.exec(message) ?? []
    expect(Date.parse(to)).toBe(START_MS)
    poller.elapsedMs = () => 0
    poller.beforeCommit = () => undefined
    await poller.poll(late.nowMs, { startMs: Date.parse(from), endMs: Date.parse(to) })
    const span = { fromMs: OLDEST_MS, toMs: START_MS }
    expect(within(poller.held('short'), span.fromMs, span.toMs)).toEqual(truthOf(late, 'short', span))
  })
})
