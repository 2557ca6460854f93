import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SinkTraits } from '../../../core/dff.ts'
import { digestOf, type LineDigest } from '../../../scripts/guance_aws_cloudwatch/digest.ts'
import { type Fields, settle } from '../../../scripts/guance_aws_cloudwatch/settle.ts'
import { WHOLE } from './whole-lines.ts'

const MINUTE_MS = 60_000
const LAST: SinkTraits = { rewrite: 'last', mergesFields: false }
const isGrowing = (field: string): boolean => !field.endsWith('_Average')

/** One look at all minutes: what AWS shows, and until where it is final. */
interface Look {
  readonly lines: ReadonlyMap<number, Fields>
  readonly settledEndMs: number
}

/** A store as the simulator's: what it does with a second line. */
function write(store: Map<number, Record<string, number>>, sink: SinkTraits, timeMs: number, fields: Fields) {
  const held = store.get(timeMs)
  const next: Record<string, number> = held === undefined || !sink.mergesFields ? {} : { ...held }
  for (const [field, value] of Object.entries(fields)) {
    const before = held?.[field]
    next[field] = sink.rewrite === 'max' && before !== undefined ? Math.max(before, value) : value
  }
  store.set(timeMs, next)
}

function play(sink: SinkTraits, looks: readonly Look[]) {
  const store = new Map<number, Record<string, number>>()
  const published = new Map<number, LineDigest>()
  const seen = new Map<number, LineDigest>()
  const writes: { timeMs: number; fields: Fields; settledEndMs: number }[] = []
  let finalBeforeMs = 0
  for (const { lines, settledEndMs } of looks) {
    const settled = settle({
      sink,
      lines,
      isWanted: () => true,
      settledEndMs,
      finalBeforeMs,
      published,
      seen,
      written: WHOLE,
      isLackTold: true,
      isGrowing,
    })
    for (const one of settled.writes) {
      write(store, sink, one.timeMs, one.fields)
      writes.push({ ...one, settledEndMs })
    }
    for (const [timeMs, digest] of settled.published) published.set(timeMs, digest)
    for (const [timeMs, digest] of settled.differences) seen.set(timeMs, digest)
    finalBeforeMs = Math.max(finalBeforeMs, settledEndMs)
  }
  return { store, writes, seen }
}

/** Minutes whose counts grow from look to look while the average goes anywhere. */
const looksArbitrary = fc
  .array(
    fc.record({
      advance: fc.nat(4),
      growth: fc.array(fc.tuple(fc.nat(9), fc.nat(3), fc.integer({ min: 0, max: 50 })), { maxLength: 12 }),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((steps) => {
    const state = new Map<number, { count: number; average: number }>()
    let settled = 0
    return steps.map(({ advance, growth }): Look => {
      settled += advance
      for (const [minute, more, average] of growth) {
        const before = state.get(minute)
        state.set(minute, { count: (before?.count ?? 0) + more, average })
      }
      const lines = new Map(
        [...state].map(([minute, { count, average }]) => [
          minute * MINUTE_MS,
          { Invocations_Sum: count, Duration_Average: average },
        ]),
      )
      return { lines, settledEndMs: settled * MINUTE_MS }
    })
  })

describe('settling', () => {
  it('makes a store that keeps the last line hold what AWS finally says, each change once', () => {
    fc.assert(
      fc.property(looksArbitrary, fc.boolean(), (looks, mergesFields) => {
        const { store, writes } = play({ rewrite: 'last', mergesFields }, looks)
        expect(store).toEqual(looks.at(-1)?.lines ?? new Map())
        const texts = writes.map(({ timeMs, fields }) => `${timeMs} ${JSON.stringify(fields)}`)
        const changes = looks.flatMap(({ lines }, index) =>
          [...lines].filter(
            ([timeMs, fields]) =>
              JSON.stringify(looks[index - 1]?.lines.get(timeMs)) !== JSON.stringify(fields),
          ),
        )
        expect(texts).toHaveLength(changes.length)
      }),
    )
  })

  it('writes each minute once where nobody knows what a second line does, and tells every difference', () => {
    const sinkArbitrary = fc.constantFrom<SinkTraits>(
      { rewrite: 'unknown', mergesFields: false },
      { rewrite: 'both', mergesFields: true },
    )
    fc.assert(
      fc.property(looksArbitrary, sinkArbitrary, (looks, sink) => {
        const { store, writes, seen } = play(sink, looks)
        expect(new Set(writes.map(({ timeMs }) => timeMs)).size).toBe(writes.length)
        for (const { timeMs, settledEndMs } of writes) expect(timeMs).toBeLessThan(settledEndMs)
        const last = looks.at(-1) ?? { lines: new Map<number, Fields>(), settledEndMs: 0 }
        for (const [timeMs, fields] of last.lines) {
          if (timeMs >= last.settledEndMs) continue
          const isRight = JSON.stringify(store.get(timeMs)) === JSON.stringify(fields)
          expect(isRight || seen.get(timeMs) === digestOf(fields)).toBe(true)
        }
      }),
    )
  })

  it('lets a store that keeps the larger value hold the right counts at once, and tells where the rest shrank', () => {
    fc.assert(
      fc.property(looksArbitrary, fc.boolean(), (looks, mergesFields) => {
        const { store, writes, seen } = play({ rewrite: 'max', mergesFields }, looks)
        for (const { timeMs, fields, settledEndMs } of writes) {
          expect(Object.hasOwn(fields, 'Duration_Average')).toBe(timeMs < settledEndMs)
        }
        const last = looks.at(-1) ?? { lines: new Map<number, Fields>(), settledEndMs: 0 }
        for (const [timeMs, fields] of last.lines) {
          expect(store.get(timeMs)?.['Invocations_Sum']).toBe(fields['Invocations_Sum'])
          if (timeMs >= last.settledEndMs) continue
          const isRight = store.get(timeMs)?.['Duration_Average'] === fields['Duration_Average']
          expect(isRight || seen.has(timeMs)).toBe(true)
        }
      }),
    )
  })

  it('takes a minute that was absent before for a first publication, however late', () => {
    const { writes, seen } = play({ rewrite: 'unknown', mergesFields: false }, [
      { lines: new Map(), settledEndMs: 10 * MINUTE_MS },
      { lines: new Map([[MINUTE_MS, { Errors_Sum: 1 }]]), settledEndMs: 400 * MINUTE_MS },
    ])
    expect(writes).toHaveLength(1)
    expect(seen.size).toBe(0)
  })

  it('adds only the fields a line never had, and only where the store merges them', () => {
    const base = {
      lines: new Map([[0, { Errors_Sum: 1, Throttles_Sum: 2 } as Fields]]),
      isWanted: () => true,
      settledEndMs: MINUTE_MS,
      finalBeforeMs: MINUTE_MS,
      published: new Map([[0, digestOf({ Errors_Sum: 1 })]]),
      seen: new Map<number, LineDigest>(),
      written: { ...WHOLE, lackedAt: () => new Set(['Throttles_Sum']) },
      isLackTold: true,
      isGrowing,
    }
    const merging = settle({ ...base, sink: { rewrite: 'unknown', mergesFields: true } })
    expect(merging.writes).toEqual([{ timeMs: 0, fields: { Throttles_Sum: 2 } }])
    expect(merging.published.get(0)).toBe(digestOf({ Errors_Sum: 1, Throttles_Sum: 2 }))
    const replacing = settle({ ...base, sink: { rewrite: 'unknown', mergesFields: false } })
    expect(replacing.writes).toEqual([])
    expect(replacing.differences.size).toBe(1)
    expect(settle({ ...base, sink: LAST }).writes).toEqual([
      { timeMs: 0, fields: { Errors_Sum: 1, Throttles_Sum: 2 } },
    ])
  })

  it('leaves a line whole that was final before its horizon grew, where a store takes the new one for the old', () => {
    const fields = { Invocations_Sum: 3, Duration_Average: 5 }
    const base = {
      sink: { rewrite: 'max', mergesFields: false } as const,
      lines: new Map([[0, fields as Fields]]),
      isWanted: () => true,
      finalBeforeMs: MINUTE_MS,
      seen: new Map<number, LineDigest>(),
      written: WHOLE,
      isLackTold: true,
      isGrowing,
    }
    const published = new Map([[0, digestOf({ Invocations_Sum: 2, Duration_Average: 5 })]])
    expect(settle({ ...base, settledEndMs: 0, published }).writes).toEqual([{ timeMs: 0, fields }])
    const same = new Map([[0, digestOf(fields)]])
    expect(settle({ ...base, settledEndMs: 0, published: same }).writes).toEqual([])
  })

  it('says which lines changed after they were final', () => {
    const lines = new Map<number, Fields>([
      [0, { Errors_Sum: 2 }],
      [MINUTE_MS, { Errors_Sum: 1 }],
    ])
    const published = new Map([[0, digestOf({ Errors_Sum: 1 })]])
    const settled = settle({
      sink: LAST,
      lines,
      isWanted: () => true,
      settledEndMs: 2 * MINUTE_MS,
      finalBeforeMs: MINUTE_MS,
      published,
      seen: new Map(),
      written: WHOLE,
      isLackTold: true,
      isGrowing,
    })
    expect(settled.late).toEqual([0])
  })
})
