import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCapture } from '../../../runner/task/capture.ts'
import { createMask } from '../../../runner/task/mask.ts'

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'

/** What a child's stdout becomes when it arrives in these chunks. */
function captured(...chunks: readonly (string | Buffer)[]): string[] {
  const lines: string[] = []
  const mask = createMask([SECRET])
  const capture = createCapture({
    mask: () => mask,
    onLines: (more) => lines.push(...more.map(({ text }) => text)),
  })
  for (const chunk of chunks) capture.write('stdout', Buffer.from(chunk as string))
  capture.finish()
  return lines
}

describe('captured output', () => {
  it('is cut into lines, with an unfinished last one and empty ones', () => {
    expect(captured('one\ntwo\r\n\nthr', 'ee')).toEqual(['one', 'two', '', 'three'])
    expect(captured('')).toEqual([])
  })

  it('does not depend on how it was chunked', () => {
    const text = `中文 🎉 ${SECRET} \u001b[31mred\u001b[0m\nsecond ${SECRET}\n`
    const whole = captured(text)
    const bytes = Buffer.from(text)
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 8 }), (cuts) => {
        const at = [0, ...cuts.toSorted((left, right) => left - right), bytes.length]
        const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end))
        expect(captured(...chunks)).toEqual(whole)
      }),
    )
    expect(whole).toEqual([String.raw`中文 🎉 ***** \x1b[31mred\x1b[0m`, 'second *****'])
  })

  it('writes out what a terminal would obey, and keeps tabs', () => {
    expect(captured('a\tb\u0007c\rd\u009be\u202ef\u2028g\n')).toEqual([
      String.raw`a${'\t'}b\x07c\x0dd\x9be\u202ef\u2028g`,
    ])
  })

  it('keeps the two streams apart while a line is unfinished', () => {
    const lines: string[] = []
    const mask = createMask([])
    const capture = createCapture({
      mask: () => mask,
      onLines: (more) => lines.push(...more.map(({ text }) => text)),
    })
    capture.write('stdout', Buffer.from('out'))
    capture.write('stderr', Buffer.from('err\n'))
    capture.write('stdout', Buffer.from('put\n'))
    capture.finish()
    expect(lines).toEqual(['err', 'output'])
  })

  it('cuts a line at 3,000 characters and says how long it was', () => {
    expect(captured(`${'x'.repeat(3_000)}\n`)).toEqual(['x'.repeat(3_000)])
    expect(captured('x'.repeat(5_000), 'x'.repeat(5_000))).toEqual([
      `${'x'.repeat(3_000)} … (line of 10000 characters cut)`,
    ])
  })

  it('never cuts a secret in two, wherever the limit falls', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2_900, max: 3_100 }), fc.nat(200), fc.nat(3), (before, after, times) => {
        const line = `${SECRET.repeat(times)}${'x'.repeat(before)}${SECRET}${'y'.repeat(after)}\n`
        const [text = ''] = captured(line.slice(0, 1_000), line.slice(1_000))
        expect(text.replaceAll(/x+|y+|\*{5}| … \(line of \d+ characters cut\)/g, '')).toBe('')
      }),
    )
  })

  it('passes the first 20,000 characters on at once and the last 30,000 at the end', () => {
    const lines: string[] = []
    const mask = createMask([])
    const capture = createCapture({
      mask: () => mask,
      onLines: (more) => lines.push(...more.map(({ text }) => text)),
    })
    const line = 'x'.repeat(99)
    for (let count = 0; count < 1_000; count += 1) capture.write('stdout', Buffer.from(`${line}\n`))
    expect(lines).toHaveLength(200)
    capture.finish()
    expect(lines).toHaveLength(200 + 1 + 300)
    expect(lines[200]).toBe('… 500 lines (50000 characters) left out here …')
  })

  it('leaves nothing out of a log of 50,000 characters', () => {
    const text = Array.from({ length: 500 }, (_, index) => String(index).padEnd(99, 'x'))
    expect(captured(text.map((line) => `${line}\n`).join(''))).toEqual(text)
  })

  it('knows the words with which V8 gives up', () => {
    const mask = createMask([])
    const capture = createCapture({ mask: () => mask, onLines: () => undefined })
    capture.write('stdout', Buffer.from('FATAL ERROR: JavaScript heap out of memory\n'))
    expect(capture.hasHeapMessage()).toBe(false)
    capture.write(
      'stderr',
      Buffer.from('FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n'),
    )
    expect(capture.hasHeapMessage()).toBe(true)
  })
})
