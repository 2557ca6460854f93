import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutMessage, MAX_MESSAGE_BYTES } from '../../../scripts/guance_aws_cloudwatchlogs/cut.ts'

describe('cutMessage', () => {
  it('leaves a message within the limit', () => {
    expect(cutMessage('日志')).toEqual({ message: '日志' })
    expect(cutMessage('日志', 6)).toEqual({ message: '日志' })
  })

  it('says that it has cut, and how many bytes there were', () => {
    expect(cutMessage('a'.repeat(100), 30)).toEqual({
      message: `${'a'.repeat(10)}… [cut, 100 bytes]`,
      originalBytes: 100,
    })
    const { message, originalBytes } = cutMessage('x'.repeat(1_048_576))
    expect(Buffer.byteLength(message)).toBe(MAX_MESSAGE_BYTES)
    expect(originalBytes).toBe(1_048_576)
  })

  it('never cuts through a code point and never exceeds the limit', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'é', '中', '🎉'), minLength: 20, maxLength: 200 })
    fc.assert(
      fc.property(text, fc.integer({ min: 25, max: 300 }), (message, limitBytes) => {
        const cut = cutMessage(message, limitBytes)
        expect(Buffer.byteLength(cut.message)).toBeLessThanOrEqual(limitBytes)
        expect(message.startsWith(cut.message.replace(/… \[cut, \d+ bytes\]$/, ''))).toBe(true)
        expect(cut.originalBytes).toBe(cut.message === message ? undefined : Buffer.byteLength(message))
      }),
    )
  })
})
