import { unpackBody } from '../line-protocol/body.ts'
import { readLines } from '../line-protocol/read.ts'
import type { EncodedBatch } from '../store/outbox-store.ts'
import { packLines, receiptKeys } from './pack.ts'

/** The two halves of a batch by lines, order kept; undefined when it cannot be cut: one line only, or not gzip of lines. */
export function splitBatch(batch: EncodedBatch): readonly [EncodedBatch, EncodedBatch] | undefined {
  const text = unpackBody(batch.body)
  const lines = readLines(text ?? '').map((head) => ({
    line: head.line,
    measurement: head.measurement,
    keys: receiptKeys(batch.category, head.fieldKeys, head.tags.get('name')),
    timeMs: head.timeMs,
  }))
  if (lines.length < 2) return undefined
  const middle = Math.ceil(lines.length / 2)
  return [packLines(batch.category, lines.slice(0, middle)), packLines(batch.category, lines.slice(middle))]
}
