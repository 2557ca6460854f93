import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SinkTraits } from '../../../core/dff.ts'
import { findCatalogue } from '../../../scripts/guance_aws_cloudwatch/catalogue.ts'
import { digestOf, type LineDigest } from '../../../scripts/guance_aws_cloudwatch/digest.ts'
import type { QueryOutcome } from '../../../scripts/guance_aws_cloudwatch/fetch.ts'
import { groupByIdentity } from '../../../scripts/guance_aws_cloudwatch/identity.ts'
import type { Entry } from '../../../scripts/guance_aws_cloudwatch/ledger.ts'
import { type Fields, settle } from '../../../scripts/guance_aws_cloudwatch/settle.ts'
import { zerosOf } from '../../../scripts/guance_aws_cloudwatch/zeros.ts'
import { WHOLE } from './whole-lines.ts'

const MINUTE_MS = 60_000
const WINDOW = { startMs: 10 * MINUTE_MS, endMs: 20 * MINUTE_MS }
const ENTRY: Entry = {
  throughMs: 0,
  polledMs: 0,
  firstMs: 12 * MINUTE_MS,
  fields: '',
  former: [],
  missing: '',
  holes: [],
  elsewhere: [],
  tags: {},
  past: [],
  waits: 0,
  gaps: [],
  done: [],
}

type Kind = 'complete' | 'unanswered' | 'transient' | 'forbidden'

function outcomeOf(metric: string, statistic: string, kind: Kind): QueryOutcome {
  const series = { namespace: 'AWS/Lambda', metric, dimensions: [{ name: 'FunctionName', value: 'f' }] }
  const query = { id: 'q0', series, statistic }
  if (kind === 'complete') return { query, outcome: { kind, value: new Map() } }
  if (kind === 'unanswered')
    return { query, outcome: { kind: 'complete', value: new Map() }, isUnanswered: true }
  if (kind === 'transient') return { query, outcome: { kind, reason: 'no' } }
  return { query, outcome: { kind, action: 'cloudwatch:GetMetricData', reason: 'no' } }
}

type Asked = readonly [metric: string, statistic: string, kind?: Kind]

function zerosFor(
  asked: readonly Asked[],
  lives: Parameters<typeof zerosOf>[0]['lives'] = 'unlisted',
  { entry = ENTRY, dataMs = [] as readonly number[] } = {},
) {
  const outcomes = asked.map(([metric, statistic, kind = 'complete']) => outcomeOf(metric, statistic, kind))
  const wanted = outcomes.map(({ query: { series, statistic } }) => ({ series, statistics: [statistic] }))
  const [identity] = groupByIdentity(wanted, 'FunctionName')
  if (identity === undefined) throw new Error('no identity')
  const plan = {
    work: { identity, purpose: 'live' as const },
    window: WINDOW,
    settledEndMs: 18 * MINUTE_MS,
  }
  const lines = new Map(dataMs.map((timeMs) => [timeMs, {}]))
  return zerosOf({ catalogue: findCatalogue('AWS/Lambda'), lives }, { plan, outcomes }, { entry, lines })
}

function aliveMinutes(zeros: ReturnType<typeof zerosFor>): readonly number[] {
  return Array.from({ length: 20 }, (_, minute) => minute).filter((minute) =>
    zeros.isAlive(minute * MINUTE_MS),
  )
}

describe('the zeros of an identity', () => {
  it('are of counted events alone, of their Sum, and of none that AWS refuses', () => {
    const asked: Asked[] = [
      ['Errors', 'Sum'],
      ['Errors', 'Average'],
      ['Duration', 'Sum'],
      ['ConcurrentExecutions', 'Sum'],
      ['EventPollerUnit', 'Sum'],
      ['EventPollerThroughputInBytes', 'Sum'],
      ['BrandNew', 'Sum'],
      ['Throttles', 'Sum', 'forbidden'],
    ]
    expect(zerosFor(asked).fields).toEqual(['Errors_Sum'])
  })

  it('end where minutes are final', () => {
    expect(zerosFor([['Errors', 'Sum']]).window).toEqual({ startMs: 10 * MINUTE_MS, endMs: 18 * MINUTE_MS })
  })

  it.each(['unanswered', 'transient'] as const)('are due of none while one of the counts is %s', (kind) => {
    const zeros = zerosFor([
      ['Errors', 'Sum'],
      ['Throttles', 'Sum', kind],
    ])
    expect(zeros).toMatchObject({ fields: ['Errors_Sum', 'Throttles_Sum'], window: { startMs: 0, endMs: 0 } })
    const others = zerosFor([
      ['Errors', 'Sum'],
      ['Duration', 'p99', kind],
    ])
    expect(others.window).toEqual({ startMs: 10 * MINUTE_MS, endMs: 18 * MINUTE_MS })
  })

  it('lie in the spans that an inventory knows, and not before the identity was known', () => {
    const spans = [
      { startMs: 0, endMs: 14 * MINUTE_MS },
      { startMs: 15.5 * MINUTE_MS, endMs: 17 * MINUTE_MS },
    ]
    expect(aliveMinutes(zerosFor([['Errors', 'Sum']], new Map([['f', spans]])))).toEqual([12, 13, 16])
    expect(aliveMinutes(zerosFor([['Errors', 'Sum']], new Map()))).toEqual([])
  })

  it('begin without an inventory where the ledger says, or with an earlier datapoint', () => {
    const entry = { ...ENTRY, aliveMs: 16 * MINUTE_MS }
    const from = (dataMs: readonly number[]) =>
      aliveMinutes(zerosFor([['Errors', 'Sum']], 'unlisted', { entry, dataMs }))[0]
    expect(from([])).toBe(16)
    expect(from([14 * MINUTE_MS])).toBe(14)
    expect(from([17 * MINUTE_MS])).toBe(16)
  })
})

const FIELDS = ['Errors_Sum', 'Throttles_Sum']

interface Look {
  readonly lines: ReadonlyMap<number, Fields>
  readonly settledEndMs: number
  /** Whether the function is known to live, at this look. */
  readonly isAsked: boolean
}

/** Values that appear and grow at any time in minutes that become final one after the other. */
const arbitraryLooks = fc
  .array(
    fc.record({
      advance: fc.nat(4),
      growth: fc.array(
        fc.tuple(fc.nat(9), fc.constantFrom(...FIELDS, 'Duration_p99'), fc.integer({ min: 1, max: 5 })),
        {
          maxLength: 8,
        },
      ),
      isAsked: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((steps) => {
    const state = new Map<number, Record<string, number>>()
    let settled = 0
    return steps.map(({ advance, growth, isAsked }): Look => {
      settled += advance
      for (const [minute, field, more] of growth) {
        const line = state.get(minute * MINUTE_MS) ?? {}
        state.set(minute * MINUTE_MS, { ...line, [field]: (line[field] ?? 0) + more })
      }
      return { lines: new Map(state), settledEndMs: settled * MINUTE_MS, isAsked }
    })
  })

function play(sink: SinkTraits, looks: readonly Look[]) {
  const store = new Map<number, Fields>()
  const published = new Map<number, LineDigest>()
  const seen = new Map<number, LineDigest>()
  const writes: { timeMs: number; fields: Fields; look: Look }[] = []
  let filled = 0
  for (const look of looks) {
    const settled = settle({
      sink,
      lines: look.lines,
      isWanted: () => true,
      settledEndMs: look.settledEndMs,
      finalBeforeMs: 0,
      published,
      seen,
      written: WHOLE,
      isLackTold: true,
      isGrowing: (field) => field.endsWith('_Sum'),
      zeros: {
        fields: FIELDS,
        window: { startMs: 0, endMs: look.settledEndMs },
        isAlive: () => look.isAsked,
      },
    })
    for (const { timeMs, fields } of settled.writes) {
      writes.push({ timeMs, fields, look })
      store.set(timeMs, fields)
    }
    filled += settled.filled
    for (const [timeMs, digest] of settled.published) published.set(timeMs, digest)
    for (const [timeMs, digest] of settled.differences) seen.set(timeMs, digest)
  }
  return { store, writes, seen, filled }
}

const arbitrarySink: fc.Arbitrary<SinkTraits> = fc.record({
  rewrite: fc.constantFrom('last', 'max', 'unknown', 'both'),
  mergesFields: fc.boolean(),
})

describe('settling with zeros', () => {
  it('writes a zero only where CloudWatch has no value, and once the minute is final', () => {
    fc.assert(
      fc.property(arbitrarySink, arbitraryLooks, (sink, looks) => {
        for (const { timeMs, fields, look } of play(sink, looks).writes) {
          const zeros = Object.keys(fields).filter((field) => fields[field] === 0)
          if (zeros.length === 0) continue
          expect(look.isAsked).toBe(true)
          expect(timeMs).toBeLessThan(look.settledEndMs)
          for (const field of zeros) expect(look.lines.get(timeMs)?.[field]).toBeUndefined()
        }
      }),
    )
  })

  it('ends with the true values, and every zero that is due, where the last line counts', () => {
    fc.assert(
      fc.property(arbitraryLooks, (looks) => {
        const { store } = play({ rewrite: 'last', mergesFields: false }, looks)
        const last = looks.at(-1)
        for (const [timeMs, truth] of last?.lines ?? []) expect(store.get(timeMs)).toMatchObject(truth)
        if (last?.isAsked !== true) return
        for (let timeMs = 0; timeMs < last.settledEndMs; timeMs += MINUTE_MS) {
          const zeros = Object.fromEntries(FIELDS.map((field) => [field, 0]))
          expect(store.get(timeMs)).toEqual({ ...zeros, ...last.lines.get(timeMs) })
        }
      }),
    )
  })

  it('writes each minute once where nothing may be written twice, and tells exactly the values it lacks', () => {
    fc.assert(
      fc.property(arbitraryLooks, fc.constantFrom('unknown', 'both'), (looks, rewrite) => {
        const { store, writes, seen } = play({ rewrite, mergesFields: false }, looks)
        expect(new Set(writes.map(({ timeMs }) => timeMs)).size).toBe(writes.length)
        const last = looks.at(-1)
        for (const [timeMs, fields] of store) {
          const truth = last?.lines.get(timeMs) ?? {}
          const real = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== 0))
          const isChanged = digestOf(real) !== digestOf(truth)
          expect(seen.has(timeMs)).toBe(isChanged)
        }
      }),
    )
  })

  it('writes nothing a second time because zeros are asked for, given up, or in doubt', () => {
    fc.assert(
      fc.property(arbitrarySink, arbitraryLooks, (sink, looks) => {
        const last = looks.at(-1)
        if (last === undefined) return
        const still = [true, false, true].map((isAsked): Look => ({ ...last, isAsked }))
        const { writes, filled, seen } = play(sink, [...looks, ...still])
        const before = play(sink, [...looks, ...still.slice(0, 1)])
        expect({ writes: writes.length, filled, seen }).toEqual({
          writes: before.writes.length,
          filled: before.filled,
          seen: before.seen,
        })
      }),
    )
  })
})
