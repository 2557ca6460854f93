import { describe, expect, it } from 'vitest'
import type { SinkTraits } from '../../../core/dff.ts'
import type { InventoryEntry } from '../../../scripts/guance_integration/main.ts'
import type { LateAws, LateFunction } from '../../scripts/late-aws.ts'
import {
  BOTH,
  expectOnce,
  HOUR_MS,
  invoke,
  LAST,
  MAX,
  MINUTE_MS,
  type Poller,
  SINCE_MS,
  START_MS,
  startPolling,
  truthOf,
  UNKNOWN,
  within,
} from '../../scripts/poll-fixture.ts'

async function start(functions: LateFunction[], sink: SinkTraits) {
  return startPolling(functions, sink, { zeros: true })
}

const ZERO = { Invocations_Sum: 0, Throttles_Sum: 0 }

function listed(name: string, sinceMs: number): InventoryEntry {
  return { name, tags: {}, timeoutSec: 3, sinceMs }
}

/** Polls as a host does: the functions are listed first. */
async function pollListed(
  poller: Poller,
  [fromMs, toMs]: readonly [number, number],
  functionsAt: (timeMs: number) => readonly InventoryEntry[],
): Promise<void> {
  for (let timeMs = fromMs; timeMs <= toMs; timeMs += 5 * MINUTE_MS) {
    await poller.setFunctions(timeMs, functionsAt(timeMs))
    await poller.poll(timeMs)
  }
}

/** The final lines of a function with 0 for the counts that AWS has no datapoint of. */
function truthWithZeros(late: LateAws, name: string, span: { fromMs: number; toMs: number; atMs?: number }) {
  const truth = truthOf(late, name, span)
  const lines = new Map<number, Readonly<Record<string, number>>>()
  for (let minute = span.fromMs; minute < span.toMs; minute += MINUTE_MS) {
    lines.set(minute, truth.get(minute) ?? ZERO)
  }
  return lines
}

const hasZeros = (line: Readonly<Record<string, number>>): boolean =>
  JSON.stringify(line) === JSON.stringify(ZERO)

describe('zeros', () => {
  const everyTen = (toMs: number): LateFunction[] => [
    { name: 'f', invocations: invoke([SINCE_MS, toMs], 10) },
  ]

  it.each([
    ['last', LAST],
    ['max', MAX],
    ['unknown', UNKNOWN],
  ])('fill each silent final minute of a living function once, on a store that is %s', async (_, sink) => {
    const endMs = START_MS + HOUR_MS
    const { late, poller } = await start(everyTen(endMs), sink)
    await pollListed(poller, [START_MS, endMs], () => [listed('f', 0)])
    const span = { fromMs: SINCE_MS, toMs: endMs - 4 * MINUTE_MS, atMs: endMs }
    expect(within(poller.held('f'), span.fromMs, span.toMs)).toEqual(truthWithZeros(late, 'f', span))
    if (sink !== MAX) expectOnce(poller)
    expect(poller.problems('late-change')).toEqual([])
  })

  it('start at now where second lines add up', async () => {
    const { poller } = await start(everyTen(START_MS + HOUR_MS), BOTH)
    await pollListed(poller, [START_MS, START_MS + 20 * MINUTE_MS], () => [listed('f', 0)])
    expect(Math.min(...poller.held('f').keys())).toBe(START_MS - 4 * MINUTE_MS)
    expectOnce(poller)
  })

  it('wait for the horizon where values go out earlier', async () => {
    const { poller } = await start(
      [{ name: 'f', invocations: invoke([SINCE_MS, START_MS + HOUR_MS], 2, { delayMs: 30_000 }) }],
      LAST,
    )
    await pollListed(poller, [START_MS, START_MS], () => [listed('f', 0)])
    const newest = Math.max(...poller.held('f').keys())
    const newestZero = Math.max(...[...poller.held('f')].flatMap(([ms, line]) => (hasZeros(line) ? ms : [])))
    expect({ newest, newestZero }).toEqual({
      newest: START_MS - 4 * MINUTE_MS,
      newestZero: START_MS - 5 * MINUTE_MS,
    })
  })

  it('never lie outside the life of the function: not before it was made, not after it was deleted', async () => {
    const bornMs = START_MS - HOUR_MS + 20_000
    const goneMs = START_MS + HOUR_MS
    const { poller } = await start(everyTen(START_MS - 30 * MINUTE_MS), UNKNOWN)
    await pollListed(poller, [START_MS, START_MS + HOUR_MS - 5 * MINUTE_MS], () => [listed('f', bornMs)])
    const gone = [{ name: 'f', tags: {}, sinceMs: bornMs, untilMs: goneMs - 5 * MINUTE_MS }]
    for (let timeMs = goneMs; timeMs <= goneMs + HOUR_MS; timeMs += 5 * MINUTE_MS) {
      await poller.setFunctions(timeMs, [], gone)
      await poller.poll(timeMs)
    }
    const zeros = [...poller.held('f')].flatMap(([timeMs, line]) => (hasZeros(line) ? timeMs : []))
    expect(Math.min(...zeros)).toBe(START_MS - HOUR_MS + MINUTE_MS)
    expect(Math.max(...zeros)).toBe(goneMs - 6 * MINUTE_MS)
    expectOnce(poller)
  })

  it('without an inventory begin with the first datapoint, or when AWS was first seen to list the series', async () => {
    const talks = START_MS - HOUR_MS
    const { poller } = await start(
      [
        { name: 'talks', invocations: invoke([talks, START_MS], 30) },
        { name: 'silent', invocations: [] },
      ],
      UNKNOWN,
    )
    await poller.pollAll(START_MS, START_MS + HOUR_MS)
    expect(Math.min(...poller.held('talks').keys())).toBe(talks)
    // As long as an invocation of an unknown function may take.
    expect(Math.min(...poller.held('silent').keys())).toBe(START_MS - 18 * MINUTE_MS)
    expect(poller.held('silent').size).toBe(60)
    expectOnce(poller)
  })

  it('are not written for a function that the inventory does not know', async () => {
    const { poller } = await start(everyTen(START_MS), UNKNOWN)
    await pollListed(poller, [START_MS, START_MS + 30 * MINUTE_MS], () => [listed('another', 0)])
    expect([...poller.held('f').values()].some(hasZeros)).toBe(false)
  })

  it('stand for nothing that did not come complete, and join the line of the others', async () => {
    const other = { name: 'other', invocations: invoke([SINCE_MS, START_MS + HOUR_MS], 1) }
    const { late, poller } = await start([...everyTen(START_MS + HOUR_MS), other], UNKNOWN)
    await pollListed(poller, [START_MS, START_MS], () => [listed('f', 0)])
    late.fault = ({ name, metric }) => (name === 'f' && metric === 'Throttles' ? 'PartialData' : undefined)
    const beforeMs = Math.max(...poller.held('f').keys())
    await pollListed(poller, [START_MS + 5 * MINUTE_MS, START_MS + 10 * MINUTE_MS], () => [listed('f', 0)])
    expect(Math.max(...poller.held('f').keys())).toBe(beforeMs)
    await pollListed(poller, [START_MS + 15 * MINUTE_MS, START_MS + 15 * MINUTE_MS], () => [listed('f', 0)])
    // At the third poll lines go out without it; a silent minute has none before all counts are known.
    expect(poller.held('f').get(START_MS + 10 * MINUTE_MS)).toHaveProperty('Invocations_Sum')
    expect(poller.held('f').get(START_MS + MINUTE_MS)).toBeUndefined()
    late.fault = undefined
    await pollListed(poller, [START_MS + 20 * MINUTE_MS, START_MS + 20 * MINUTE_MS], () => [listed('f', 0)])
    expect(poller.held('f').get(START_MS + MINUTE_MS)).toEqual(ZERO)
  })

  it.each([
    ['last', LAST],
    ['unknown', UNKNOWN],
  ])(
    'of a count that is listed later are no change of the others, on a store that is %s',
    async (_, sink) => {
      const listedFromMs = { Throttles: START_MS + 20 * MINUTE_MS }
      const { poller } = await start([{ name: 'f', invocations: [], listedFromMs }], sink)
      await pollListed(poller, [START_MS, START_MS + HOUR_MS], () => [listed('f', 0)])
      const lines = poller.held('f')
      expect(lines.get(START_MS - HOUR_MS)).toEqual({ Invocations_Sum: 0 })
      expect(lines.get(START_MS + 50 * MINUTE_MS)).toEqual(ZERO)
      expect(lines.get(START_MS + 10 * MINUTE_MS)).toEqual(sink === LAST ? ZERO : { Invocations_Sum: 0 })
      expect(poller.problems('late-change')).toEqual([])
      if (sink === UNKNOWN) expectOnce(poller)
    },
  )
})

describe('a value that comes after its zero', () => {
  const straggler = [
    ...invoke([SINCE_MS, START_MS + HOUR_MS], 10),
    { startMs: START_MS + 3 * MINUTE_MS, durationMs: 200, delayMs: 40 * MINUTE_MS },
  ]
  const span = { fromMs: SINCE_MS, toMs: START_MS + HOUR_MS }

  it('is written over it where the last line counts', async () => {
    const { late, poller } = await start([{ name: 'f', invocations: straggler }], LAST)
    await pollListed(poller, [START_MS, START_MS + 30 * HOUR_MS], () => [listed('f', 0)])
    expect(within(poller.held('f'), span.fromMs, span.toMs)).toEqual(truthWithZeros(late, 'f', span))
    expect(within(poller.held('f'), START_MS + 3 * MINUTE_MS, START_MS + 4 * MINUTE_MS).size).toBe(1)
  }, 60_000)

  it('is a change that is told once where nothing may be written twice', async () => {
    const { poller } = await start([{ name: 'f', invocations: straggler }], UNKNOWN)
    await pollListed(poller, [START_MS, START_MS + 30 * HOUR_MS], () => [listed('f', 0)])
    expect(poller.held('f').get(START_MS + 3 * MINUTE_MS)).toEqual(ZERO)
    expect(poller.problems('late-change')).toHaveLength(1)
    expect(poller.problems('late-change')[0]).toMatch(/^CloudWatch changed 1 lines/)
    expectOnce(poller)
  }, 60_000)
})

describe('zeros over time', () => {
  it('are covered by the digests: two days of audits find nothing changed and write nothing again', async () => {
    const endMs = START_MS + 52 * HOUR_MS
    const { late, poller } = await start(
      [
        { name: 'f', invocations: invoke([SINCE_MS, endMs], 7) },
        { name: 'idle', invocations: [] },
      ],
      UNKNOWN,
    )
    await pollListed(poller, [START_MS, endMs], () => [listed('f', 0), listed('idle', 0)])
    expect(late.asked.some(({ startMs, endMs: toMs }) => toMs - startMs > 20 * HOUR_MS)).toBe(true)
    for (const name of ['f', 'idle']) {
      const span = { fromMs: SINCE_MS, toMs: endMs - 4 * MINUTE_MS, atMs: endMs }
      expect(within(poller.held(name), span.fromMs, span.toMs)).toEqual(truthWithZeros(late, name, span))
    }
    expect(poller.problems('late-change')).toEqual([])
    expectOnce(poller)
  }, 120_000)

  it('fill what an outage left, and what a backfill asks for, where something was known to live', async () => {
    const backMs = START_MS + 20 * HOUR_MS
    const { late, poller } = await start(
      [{ name: 'f', invocations: invoke([START_MS - 12 * HOUR_MS, backMs + HOUR_MS], 10) }],
      UNKNOWN,
    )
    const life = () => [listed('f', START_MS - 10 * HOUR_MS)]
    await pollListed(poller, [START_MS, START_MS], life)
    await pollListed(poller, [backMs, backMs + 10 * MINUTE_MS], life)
    const span = { fromMs: SINCE_MS, toMs: backMs, atMs: backMs + 10 * MINUTE_MS }
    expect(within(poller.held('f'), span.fromMs, span.toMs)).toEqual(truthWithZeros(late, 'f', span))
    await poller.poll(backMs + 11 * MINUTE_MS, { startMs: START_MS - 12 * HOUR_MS, endMs: START_MS })
    const older = { fromMs: START_MS - 10 * HOUR_MS, toMs: SINCE_MS }
    expect(within(poller.held('f'), older.fromMs, older.toMs)).toEqual(truthWithZeros(late, 'f', older))
    const before = { fromMs: START_MS - 12 * HOUR_MS, toMs: older.fromMs }
    expect(within(poller.held('f'), before.fromMs, before.toMs)).toEqual(truthOf(late, 'f', before))
    expectOnce(poller)
  })

  it('may be asked for and given up at any time without a change being told', async () => {
    const endMs = START_MS + 34 * HOUR_MS
    const { poller } = await start([{ name: 'f', invocations: invoke([SINCE_MS, endMs], 3) }], UNKNOWN)
    for (let timeMs = START_MS; timeMs <= endMs; timeMs += 5 * MINUTE_MS) {
      poller.configs = Math.floor((timeMs - START_MS) / (3 * HOUR_MS)) % 2 === 0 ? {} : { zeros: true }
      // A listing that fails now and then: nobody knows whether the function still lives.
      if (timeMs % HOUR_MS < 40 * MINUTE_MS) await poller.setFunctions(timeMs, [listed('f', 0)])
      await poller.poll(timeMs)
    }
    expect(poller.problems('late-change')).toEqual([])
    expectOnce(poller)
  }, 60_000)
})
