import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Point } from '../../../core/point.ts'
import { encodeLine } from '../../../runner/line-protocol/encode.ts'
import { encodeBatches } from '../../../runner/outbox/encode-batch.ts'
import { splitBatch } from '../../../runner/outbox/split-batch.ts'
import type { EncodedBatch } from '../../../runner/store/outbox-store.ts'
import { arbitraryPoint } from '../line-protocol/arbitrary-point.ts'

const T0 = 1_795_000_000_000

function makeMetric(index: number, fields: Point['fields'] = { Errors_Sum: index }): Point {
  const tags = { FunctionName: `fn-${index}` }
  return { category: 'metric', measurement: 'aws_AWS/Lambda', tags, fields, timeMs: T0 + index }
}

function makeObject(name: string): Point {
  const fields = { message: '{"a":"b"}' }
  return { category: 'custom_object', measurement: 'aws_lambda', tags: { name }, fields, timeMs: T0 }
}

function textOf(batch: EncodedBatch): string {
  return gunzipSync(batch.body).toString('utf8')
}

function total(batches: readonly EncodedBatch[]): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { measurement, key, points } of batches.flatMap((batch) => batch.contents)) {
    const id = JSON.stringify([measurement, key])
    sums.set(id, (sums.get(id) ?? 0) + points)
  }
  return sums
}

describe('batches', () => {
  it('hold one category each, in the order of the points', () => {
    const points = [makeObject('a'), makeMetric(1), makeObject('b'), makeMetric(2)]
    const batches = encodeBatches(points)
    expect(batches.map((batch) => [batch.category, batch.points])).toEqual([
      ['custom_object', 2],
      ['metric', 2],
    ])
    expect(batches.map(textOf).join('\n').split('\n')).toEqual(
      [points[0], points[2], points[1], points[3]].map((point) => point && encodeLine(point)),
    )
  })

  it('say what they hold: field keys of metrics, names of objects, measurements of logs', () => {
    const log: Point = { ...makeObject('a'), category: 'logging', measurement: 'aws_logs' }
    const metrics = [
      makeMetric(1, { Errors_Sum: 1, Duration_Average: 2 }),
      makeMetric(2),
      makeMetric(3, { X: NaN }),
    ]
    const batches = encodeBatches([...metrics, makeObject('中文 fn'), log])
    expect(batches.map((batch) => batch.contents)).toEqual([
      [
        { measurement: 'aws_AWS/Lambda', key: 'Errors_Sum', points: 2, lastPointMs: T0 + 2 },
        { measurement: 'aws_AWS/Lambda', key: 'Duration_Average', points: 1, lastPointMs: T0 + 1 },
      ],
      [{ measurement: 'aws_lambda', key: '中文 fn', points: 1, lastPointMs: T0 }],
      [{ measurement: 'aws_logs', key: '', points: 1, lastPointMs: T0 }],
    ])
    expect(batches[0]?.points).toBe(2)
  })

  it('stay within 2,000 points and 512 KiB', () => {
    const small = encodeBatches(Array.from({ length: 4_500 }, (_, index) => makeMetric(index)))
    expect(small.map((batch) => batch.points)).toEqual([2_000, 2_000, 500])
    const wide = encodeBatches(
      Array.from({ length: 30 }, (_, index) => ({
        ...makeObject(`o${index}`),
        fields: { message: 'x'.repeat(50_000) },
      })),
    )
    expect(wide.map((batch) => batch.points)).toEqual([10, 10, 10])
    for (const batch of [...small, ...wide]) {
      expect(batch.rawBytes).toBe(gunzipSync(batch.body).byteLength)
      expect(batch.rawBytes).toBeLessThanOrEqual(512 * 1024)
    }
  })

  it('give a line over the limit a batch of its own', () => {
    const points = [1, 2, 3].map((index) => makeMetric(index))
    const batches = encodeBatches(points, { maxRawBytes: 1, maxPoints: 10 })
    expect(batches.map((batch) => batch.points)).toEqual([1, 1, 1])
  })

  it('are the same bytes for the same points', () => {
    const points = [makeMetric(1), makeObject('a')]
    expect(encodeBatches(points)).toEqual(encodeBatches(points))
  })

  it('are none for points that cannot be written', () => {
    expect(encodeBatches([makeMetric(1, { Errors_Sum: Number.NaN })])).toEqual([])
    expect(encodeBatches([])).toEqual([])
  })
})

describe('splitting', () => {
  it('halves a batch by lines and not inside a text with line breaks', () => {
    const log = (message: string): Point => ({ ...makeObject('a'), category: 'logging', fields: { message } })
    const [batch] = encodeBatches([log('one\ntwo "quoted\\" \n'), log('three'), log('four\n\n')])
    const halves = batch && splitBatch(batch)
    expect(halves?.map((half) => half.points)).toEqual([2, 1])
    expect(halves?.map(textOf).join('\n')).toBe(batch && textOf(batch))
  })

  it('does not split a single line', () => {
    const [batch] = encodeBatches([makeMetric(1)])
    expect(batch && splitBatch(batch)).toBeUndefined()
  })

  it('loses no line and no count, whatever the points', () => {
    fc.assert(
      fc.property(fc.array(arbitraryPoint, { minLength: 2, maxLength: 12 }), (points) => {
        for (const batch of encodeBatches(points)) {
          const halves = splitBatch(batch)
          expect(halves === undefined).toBe(batch.points === 1)
          if (halves === undefined) continue
          expect(halves.map(textOf).join('\n')).toBe(textOf(batch))
          expect(halves[0].points + halves[1].points).toBe(batch.points)
          expect(total(halves)).toEqual(total([batch]))
        }
      }),
      { numRuns: 1_000 },
    )
  })
})
