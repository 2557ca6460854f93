import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BUCKETS, type Cursor, fingerprintOf } from '../../../scripts/guance_aws_cloudwatch/cursor.ts'
import {
  groupByBucket,
  makeBucket,
  packBuckets,
  planStages,
} from '../../../scripts/guance_aws_cloudwatch/packs.ts'
import type { SeriesStatistics } from '../../../scripts/guance_aws_cloudwatch/plan.ts'

const END_MS = Date.parse('2026-11-23T12:00:00Z')
const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

function wantedOf(
  name: string,
  metric = 'Errors',
  statistics: readonly string[] = ['Sum'],
): SeriesStatistics {
  return {
    series: { namespace: 'AWS/Lambda', metric, dimensions: [{ name: 'FunctionName', value: name }] },
    statistics,
  }
}

function cursorOf(throughMs: number, known: readonly SeriesStatistics[]): Cursor {
  return { throughMs, known: new Set(known.map(({ series }) => fingerprintOf(series))) }
}

describe('buckets', () => {
  it('keep all series of one function together and spread many functions', () => {
    const wanted = Array.from({ length: 1_000 }, (_, index) => [
      wantedOf(`f${index}`),
      wantedOf(`f${index}`, 'Duration'),
    ]).flat()
    const groups = groupByBucket(wanted, 'FunctionName')
    expect(groups.size).toBe(BUCKETS)
    const homes = new Map<string, number>()
    for (const [bucket, group] of groups) {
      for (const { series } of group) {
        const name = series.dimensions[0]?.value ?? ''
        expect(homes.get(name) ?? bucket).toBe(bucket)
        homes.set(name, bucket)
      }
    }
    expect(homes.size).toBe(1_000)
  })

  it('tell a function that was not there before from a known one, and both from one that gained a metric', () => {
    const [known, first, late, fresh] = [
      wantedOf('old'),
      wantedOf('grown'),
      wantedOf('grown', 'DeadLetterErrors'),
      wantedOf('new'),
    ]
    const cursor = cursorOf(END_MS - 5 * MINUTE_MS, [known, first])
    const bucket = makeBucket(0, [known, late, fresh, first], cursor)
    expect(bucket.known).toEqual([known])
    expect(bucket.grown).toEqual([late, first])
    expect(bucket.fresh).toEqual([fresh])
    expect(bucket.fingerprints.size).toBe(4)
  })
})

describe('packs', () => {
  it('hold every due bucket once, only equal cursors together, and a bounded number of queries', () => {
    const bucketArbitrary = fc.record({
      ageMinutes: fc.option(fc.constantFrom(0, 5, 10, 500)),
      series: fc.integer({ min: 1, max: 900 }),
    })
    fc.assert(
      fc.property(fc.array(bucketArbitrary, { maxLength: 20 }), (shapes) => {
        const buckets = shapes.map(({ ageMinutes, series }, index) => {
          const wanted = Array.from({ length: series }, (_, number) =>
            wantedOf(`f${number}`, 'Errors', ['Sum', 'p99']),
          )
          const cursor = ageMinutes === null ? undefined : cursorOf(END_MS - ageMinutes * MINUTE_MS, wanted)
          return makeBucket(index, wanted, cursor)
        })
        const packs = packBuckets(buckets, END_MS)
        const packed = packs
          .flatMap((pack) => pack.buckets.map(({ bucket }) => bucket))
          .toSorted((a, b) => a - b)
        const due = buckets.filter(({ cursor }) => cursor?.throughMs !== END_MS).map(({ bucket }) => bucket)
        expect(packed).toEqual(due)
        for (const { buckets: members, throughMs } of packs) {
          for (const { cursor } of members) expect(cursor?.throughMs).toBe(throughMs)
          const queries = members.reduce(
            (sum, { known, fresh }) => sum + 2 * (known.length + fresh.length),
            0,
          )
          expect(members.length === 1 || queries <= 2_500).toBe(true)
        }
      }),
      { numRuns: 50 },
    )
  })
})

describe('stages', () => {
  it('of new series are one first look', () => {
    const fresh = wantedOf('new')
    const stages = planStages({ throughMs: undefined, buckets: [makeBucket(3, [fresh], undefined)] }, END_MS)
    expect(stages).toHaveLength(1)
    expect(stages[0]?.parts).toEqual([
      { window: { startMs: END_MS - 180 * MINUTE_MS, endMs: END_MS }, wanted: [fresh] },
    ])
    expect(stages[0]?.cursors).toEqual([{ bucket: 3, cursor: cursorOf(END_MS, [fresh]) }])
  })

  it('catch up window by window, and take new series with the last one', () => {
    const known = wantedOf('old')
    const fresh = wantedOf('new')
    const throughMs = END_MS - 14 * DAY_MS - 300 * MINUTE_MS
    const bucket = makeBucket(3, [known, fresh], cursorOf(throughMs, [known]))
    const stages = planStages({ throughMs, buckets: [bucket] }, END_MS)
    const middleMs = throughMs + 14 * DAY_MS
    expect(stages.map(({ parts }) => parts)).toEqual([
      [{ window: { startMs: throughMs, endMs: middleMs }, wanted: [known] }],
      [
        { window: { startMs: middleMs, endMs: END_MS }, wanted: [known] },
        { window: { startMs: END_MS - 180 * MINUTE_MS, endMs: END_MS }, wanted: [fresh] },
      ],
    ])
    expect(stages.map(({ cursors }) => cursors[0]?.cursor)).toEqual([
      cursorOf(middleMs, [known]),
      cursorOf(END_MS, [known, fresh]),
    ])
  })

  it('ask again for all series of a function that gained a metric, from before its cursor', () => {
    const [known, grown, late] = [wantedOf('old'), wantedOf('grown'), wantedOf('grown', 'Throttles')]
    const throughMs = END_MS - 5 * MINUTE_MS
    const bucket = makeBucket(3, [known, grown, late], cursorOf(throughMs, [known, grown]))
    expect(planStages({ throughMs, buckets: [bucket] }, END_MS)).toEqual([
      {
        parts: [
          { window: { startMs: throughMs, endMs: END_MS }, wanted: [known] },
          { window: { startMs: throughMs - 20 * MINUTE_MS, endMs: END_MS }, wanted: [grown, late] },
        ],
        cursors: [{ bucket: 3, cursor: cursorOf(END_MS, [known, grown, late]) }],
      },
    ])
  })

  it('hold a bounded number of datapoints, as few windows as that allows, and no gap', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4_000 }),
        fc.option(fc.integer({ min: 1, max: 20_000 })),
        (count, ageMinutes) => {
          const wanted = Array.from({ length: count }, (_, number) => wantedOf(`f${number}`))
          const throughMs = ageMinutes === null ? undefined : END_MS - ageMinutes * MINUTE_MS
          const cursor = throughMs === undefined ? undefined : cursorOf(throughMs, wanted)
          const stages = planStages({ throughMs, buckets: [makeBucket(0, wanted, cursor)] }, END_MS)
          const windows = stages.flatMap(({ parts }) => parts.map(({ window }) => window))
          const minutes = windows.map(({ startMs, endMs }) => (endMs - startMs) / MINUTE_MS)
          expect(Math.max(...minutes) * count).toBeLessThanOrEqual(450_000)
          const total = ageMinutes ?? 180
          expect(minutes.reduce((sum, one) => sum + one, 0)).toBe(total)
          expect(stages).toHaveLength(Math.ceil(total / Math.min(20_160, Math.floor(450_000 / count))))
        },
      ),
      { numRuns: 30 },
    )
  })

  it('ask for a function that comes back after a long silence of its bucket with a first look only', () => {
    const gone = wantedOf('gone')
    const back = wantedOf('back')
    const bucket = makeBucket(3, [back], cursorOf(END_MS - 9 * 24 * 60 * MINUTE_MS, [gone]))
    const packs = packBuckets([bucket], END_MS)
    expect(packs.flatMap((pack) => planStages(pack, END_MS))).toHaveLength(1)
  })
})
