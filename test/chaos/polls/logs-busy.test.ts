import { describe, expect, it } from 'vitest'
import type { Json } from '../../../core/dff.ts'
import { LogPoller, MINUTE_MS, START_MS } from '../../scripts/logs-fixture.ts'

const END_MS = START_MS + 15 * MINUTE_MS
const FIRST_MS = START_MS - 30 * MINUTE_MS
const LOSSLESS = { missing: 0, duplicates: 0, samples: [] }

/** Far below what a task holds, so that a few functions are too many. */
const BOUNDS = { read: 400, kept: 150 }

/** Every function writes into one group, thousands of lines in some minutes. */
const BUSY = { sharedShare: 1, burstShare: 0.1, burstLines: 200, lateShare: 0.2, maxLateSec: 100 }

/** Ids that a state value keeps, 11 characters each. */
function idsIn(value: Json): number {
  if (typeof value === 'string') return value.length / 11
  const { ids } = value as { readonly ids?: { readonly inline?: Readonly<Record<string, string>> } }
  return Object.values(ids?.inline ?? {}).reduce((sum, text) => sum + text.length / 11, 0)
}

function keptIds({ store }: LogPoller): number {
  const groups = [...store.state].filter(([key]) => key.startsWith('log-group/'))
  return groups.reduce((sum, [, value]) => sum + idsIn(value), 0)
}

/** The last minutes stay open whatever they hold. */
function eventsIn(poller: LogPoller, fromMs: number, toMs: number): number {
  const times = poller.logs().map(({ timeMs }) => timeMs)
  return times.filter((timeMs) => timeMs >= fromMs && timeMs <= toMs).length
}

describe('a group that writes more than can be told apart', () => {
  it('comes whole and once, with fewer minutes open, and is named with what to do', async () => {
    await using poller = await LogPoller.start({ logs: BUSY })
    poller.bounds = BOUNDS
    for (let timeMs = START_MS; timeMs <= END_MS; timeMs += 5 * MINUTE_MS) {
      const { problems } = await poller.poll(timeMs)
      const busy = problems.find(({ code }) => code === 'logs-busy')
      expect(busy?.message).toMatch(
        /\/shared\/functions that only those of the last 2 minutes .* name some of its streams in log_streams/,
      )
      const open = eventsIn(poller, timeMs - 4 * MINUTE_MS, timeMs)
      expect(keptIds(poller)).toBeLessThanOrEqual(Math.max(BOUNDS.kept, open))
    }
    expect(poller.audit(FIRST_MS, END_MS - 2 * MINUTE_MS)).toMatchObject(LOSSLESS)
    expect(poller.logs().length).toBeGreaterThan(10 * BOUNDS.read)
  })

  it('is caught up with in parts, a burst in a quiet past too, after a kill as well', async () => {
    await using poller = await LogPoller.start({
      logs: { ...BUSY, burstShare: 0.02 },
      sinceMs: START_MS - 200 * MINUTE_MS,
    })
    poller.bounds = BOUNDS
    const window = { startMs: START_MS - 150 * MINUTE_MS, endMs: START_MS - 30 * MINUTE_MS }
    await poller.poll(START_MS)
    let commits = 0
    poller.beforeCommit = () => {
      commits += 1
      if (commits === 7) throw new Error('cut')
    }
    await poller.poll(START_MS, window).catch(() => undefined)
    poller.beforeCommit = () => undefined
    const run = await poller.poll(START_MS, window)
    expect(run.problems.map(({ code }) => code)).not.toContain('logs-busy')
    expect(poller.audit(window.startMs, START_MS - 2 * MINUTE_MS)).toMatchObject(LOSSLESS)
    const truth = poller.truth(window.startMs, window.endMs - 1)
    const held = poller.reports().filter(({ timeMs }) => timeMs < window.endMs)
    const shown = held.map(({ tags, timeMs, fields }) => `${tags['name']} ${timeMs} ${fields['invocations']}`)
    expect(shown.toSorted()).toEqual(
      truth
        .map(({ functionName, timeMs, invocations }) => `${functionName} ${timeMs} ${invocations}`)
        .toSorted(),
    )
  })
})
