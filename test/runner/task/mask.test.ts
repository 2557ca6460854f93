import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMask, GrowingMask, maskDeep } from '../../../runner/task/mask.ts'

/** As AWS makes them: 40 characters of base64. */
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'

describe('a mask', () => {
  it.each([
    ['plain', SECRET],
    ['in JSON', JSON.stringify({ secret: SECRET })],
    ['in JSON with escaped slashes', SECRET.replaceAll('/', String.raw`\/`)],
    ['in a URL', `https://host/?key=${encodeURIComponent(SECRET)}`],
    [
      'in a URL with small digits',
      encodeURIComponent(SECRET).replaceAll('%2F', '%2f').replaceAll('%2B', '%2b'),
    ],
    ['in a form', new URLSearchParams({ key: SECRET }).toString()],
    ['twice', `${SECRET}${SECRET}`],
  ])('hides a secret %s', (_title, text) => {
    const masked = createMask([SECRET])(text)
    expect(masked).not.toMatch(/wJalr|EXAMPLEKEY/)
    expect(masked).toContain('*****')
  })

  it('hides secrets with quotes, backslashes and line breaks as JSON writes them', () => {
    const secret = 'pass"word\\with\nbreak中'
    const mask = createMask([secret])
    expect(mask(JSON.stringify({ secret }))).toBe('{"secret":"*****"}')
    expect(mask('first pass"word\\with')).toBe('first *****')
  })

  it('hides the longer of two secrets that begin alike', () => {
    expect(createMask(['secret-1', 'secret-1-long'])('a secret-1-long b secret-1 c')).toBe(
      'a ***** b ***** c',
    )
  })

  it('leaves short values, empty ones and everything else alone', () => {
    const text = 'in us-east-1 the function abc ran'
    expect(createMask(['', 'abc', 'us'])(text)).toBe(text)
  })

  it('hides tokens and passwords in URLs without knowing them', () => {
    const mask = createMask([])
    expect(mask('POST https://host/v1/write/metric?token=tkn_abc&precision=n failed')).toBe(
      'POST https://host/v1/write/metric?token=*****&precision=n failed',
    )
    expect(mask('proxy http://user:pass@proxy:3128 refused')).toBe('proxy http://*****@proxy:3128 refused')
  })

  it('hides a secret whole that begins before the limit, and shows nothing after it', () => {
    const mask = createMask([SECRET])
    expect(mask(`0123456789${SECRET}tail`, 15)).toBe('0123456789*****')
    expect(mask(`0123456789${SECRET}tail`, 10)).toBe('0123456789')
    expect(mask('short', 10)).toBe('short')
  })

  it('never lets a secret through, wherever it stands, and keeps the rest', () => {
    const secret = fc.string({ minLength: 6, maxLength: 40, unit: 'binary' })
    const around = fc.stringMatching(/^[ .,;]{0,20}$/)
    fc.assert(
      fc.property(secret, around, around, (value, before, after) => {
        fc.pre(!/^[ .,;*]+$/.test(value) && value.trim() === value)
        expect(createMask([value])(`${before}${value}${after}`)).toBe(`${before}*****${after}`)
      }),
    )
  })

  it('hides secrets anywhere inside a value and keeps its shape', () => {
    const value = { list: [SECRET, 1, null, true], nested: { [SECRET]: `a ${SECRET}` } }
    expect(maskDeep(value, createMask([SECRET]))).toEqual({
      list: ['*****', 1, null, true],
      nested: { '*****': 'a *****' },
    })
  })

  it('grows with what a task learns and with what is in use by then', () => {
    let inUse: readonly string[] = []
    const growing = new GrowingMask(() => inUse)
    growing.learn(['learned-secret', undefined])
    expect(growing.mask('learned-secret')).toBe('learned-secret')
    expect(growing.refresh()('learned-secret in-use-secret')).toBe('***** in-use-secret')
    inUse = ['in-use-secret']
    expect(growing.refresh()('learned-secret in-use-secret')).toBe('***** *****')
  })
})
