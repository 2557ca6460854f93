import type { Category, Point } from '../../core/point.ts'
import { formatLine } from '../line-protocol/encode.ts'
import { normalisePoint } from '../line-protocol/normalise.ts'
import type { EncodedBatch } from '../store/outbox-store.ts'
import { type PackedLine, packLines, receiptKeys } from './pack.ts'

export interface BatchLimits {
  readonly maxRawBytes: number
  readonly maxPoints: number
}

/**
 * Half of what DataKit sends on in one body by default (1 MiB, guance.md §6.4), so that it never has to split ours,
 * and few enough points that a refused batch is searched in a dozen requests.
 */
const DEFAULT_LIMITS: BatchLimits = { maxRawBytes: 512 * 1024, maxPoints: 2_000 }

function packPoint(point: Point): PackedLine | undefined {
  const wire = normalisePoint(point)
  if (wire === undefined) return undefined
  const fieldKeys = wire.fields.map((field) => field[0])
  const name = wire.tags.find((tag) => tag[0] === 'name')?.[1]
  return {
    line: formatLine(wire),
    measurement: wire.measurement,
    keys: receiptKeys(point.category, fieldKeys, name),
    timeMs: wire.timeMs,
  }
}

function packCategory(category: Category, points: readonly Point[], limits: BatchLimits): EncodedBatch[] {
  const batches: EncodedBatch[] = []
  let lines: PackedLine[] = []
  let rawBytes = 0
  for (const point of points) {
    const packed = packPoint(point)
    if (packed === undefined) continue
    const lineBytes = Buffer.byteLength(packed.line) + 1
    // A line over the limit alone still travels, in a batch of its own: whether it is too large is for the sink to say.
    const isFull = rawBytes + lineBytes > limits.maxRawBytes || lines.length >= limits.maxPoints
    if (isFull && lines.length > 0) {
      batches.push(packLines(category, lines))
      lines = []
      rawBytes = 0
    }
    lines.push(packed)
    rawBytes += lineBytes
  }
  if (lines.length > 0) batches.push(packLines(category, lines))
  return batches
}

/**
 * Points as request bodies: one category each, in the order given, categories in the order of their first point.
 * Points of which nothing can be written (see encodeLine) are left out; `points` of the batches counts the rest.
 */
export function encodeBatches(
  points: readonly Point[],
  limits: BatchLimits = DEFAULT_LIMITS,
): EncodedBatch[] {
  const byCategory = Map.groupBy(points, (point) => point.category)
  return [...byCategory].flatMap(([category, ofCategory]) => packCategory(category, ofCategory, limits))
}
