import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeFrame, FrameReader, MAX_FRAME_BYTES } from '../../../runner/task/frame.ts'

function readAll(chunks: readonly Uint8Array[]): unknown[] {
  const reader = new FrameReader()
  const values: unknown[] = []
  for (const chunk of chunks) reader.feed(Buffer.from(chunk), (value) => values.push(value))
  return values
}

describe('frames', () => {
  it('carry values and bytes, wherever the pipe cuts them', () => {
    const values = [{ kind: 'a', text: '中文 🎉' }, null, { body: Uint8Array.of(0, 1, 255) }, [], 1.5, '']
    const bytes = Buffer.concat(values.map(encodeFrame))
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.byteLength), { maxLength: 12 }), (cuts) => {
        const at = [0, ...cuts.toSorted((left, right) => left - right), bytes.byteLength]
        const read = readAll(at.slice(1).map((end, index) => bytes.subarray(at[index], end)))
        expect(read.map((value) => JSON.stringify(value))).toEqual(
          values.map((value) => JSON.stringify(value)),
        )
      }),
    )
  })

  it('are only read whole', () => {
    expect(readAll([encodeFrame({ a: 1 }).subarray(0, -1)])).toEqual([])
  })

  it('never end the reader by anything but an error that says what came', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }), (chunks) => {
        try {
          readAll(chunks)
        } catch (error) {
          expect(String(error)).toMatch(/^Error: (a message of \d+ bytes|bytes that are no message)$/)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('are refused by the length that they announce, before anything of them is held', () => {
    const header = Buffer.alloc(4)
    header.writeUInt32BE(MAX_FRAME_BYTES + 1)
    expect(() => readAll([header])).toThrow(`a message of ${MAX_FRAME_BYTES + 1} bytes`)
  })

  it('are refused by their sender when they are too large, with what to do', () => {
    const value = new Uint8Array(MAX_FRAME_BYTES)
    expect(() => encodeFrame(value)).toThrow(/at most 67108864 bytes, got 67108\d+ bytes\. .*smaller slices/)
  })
})
