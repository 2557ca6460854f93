import { gunzipSync } from 'node:zlib'
import { readLines } from '../line-protocol/read.ts'
import type { EncodedBatch } from '../store/store.ts'
import { packLines, receiptKeys } from './pack.ts'

/** Nothing of ours is larger; a body that claims to be is refused before it fills the memory. */
const MAX_RAW_BYTES = 64 * 1024 ** 2

/** The two halves of a batch by lines, order kept; undefined when it holds one line only. */
export function splitBatch(batch: EncodedBatch): readonly [EncodedBatch, EncodedBatch] | undefined {
  const text = gunzipSync(batch.body, { maxOutputLength: MAX_RAW_BYTES }).toString('utf8')
  const lines = readLines(text).map((head) => ({
    line: head.line,
    measurement: head.measurement,
    keys: receiptKeys(batch.category, head.fieldKeys, head.tags.get('name')),
    timeMs: head.timeMs,
  }))
  if (lines.length < 2) return undefined
  const middle = Math.ceil(lines.length / 2)
  return [packLines(batch.category, lines.slice(0, middle)), packLines(batch.category, lines.slice(middle))]
}
