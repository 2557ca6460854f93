import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hideShapes } from '../../../core/secret-shape.ts'
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
    ['in JSON inside JSON', JSON.stringify(JSON.stringify({ secret: SECRET }))],
    ['in hex', Buffer.from(SECRET).toString('hex')],
    ['in large hex', Buffer.from(SECRET).toString('hex').toUpperCase()],
    ['twice', `${SECRET}${SECRET}`],
  ])('hides a secret %s', (_title, text) => {
    const masked = createMask([SECRET])(text)
    expect(masked).not.toMatch(/wJalr|EXAMPLEKEY/)
    expect(masked).toContain('*****')
  })

  it.each([0, 1, 2, 3, 4, 5])(
    'hides a secret in base64 of a text in which it stands after %i bytes',
    (offset) => {
      const mask = createMask([SECRET])
      for (const after of ['', 'y', 'yy', ':and more']) {
        const encoded = Buffer.from(`${'x'.repeat(offset)}${SECRET}${after}`)
        for (const text of [
          encoded.toString('base64'),
          encoded.toString('base64url'),
          encodeURIComponent(encoded.toString('base64')),
          JSON.stringify({ body: encoded.toString('base64') }).replaceAll('/', String.raw`\/`),
        ]) {
          const shown = mask(`Basic ${text}.`)
          expect(shown).toContain('*****')
          // Nothing of it comes back, wherever the rest is read from.
          const rest = shown.replaceAll(/[^A-Za-z0-9+/_-]+/g, ' ')
          for (const part of rest.split(' ')) {
            expect(Buffer.from(part, 'base64').toString('latin1')).not.toMatch(/wJal|rXUt|LEKE/)
          }
        }
      }
    },
  )

  it('shows of base64 what stands before and after a secret in it, and no bit of the secret', () => {
    const secret = fc.stringMatching(/^[!-~]{8,40}$/)
    const around = fc.uint8Array({ maxLength: 7 })
    fc.assert(
      fc.property(secret, around, around, (value, before, after) => {
        const bytes = Buffer.concat([before, Buffer.from(value), after])
        const shown = createMask([value])(bytes.toString('base64'))
        const [head = '', tail = ''] = shown.split('*****')
        expect(shown).toContain('*****')
        expect(head.length * 6).toBeLessThanOrEqual(before.length * 8)
        expect(tail.replaceAll('=', '').length * 6).toBeLessThanOrEqual(after.length * 8 + 5)
      }),
    )
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

  it.each([
    ['an access key id, but for its end', 'with key AKIAIOSFODNN7EXAMPLE.', 'with key AKIA*****MPLE.'],
    ['a temporary access key id', 'ASIAIOSFODNN7EXAMPLE', 'ASIA*****MPLE'],
    ['a JSON Web Token', 'got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP, sorry', 'got *****, sorry'],
    ['a Bearer header', 'authorization: Bearer mF_9.B5f-4.1JqM', 'authorization: Bearer *****'],
    ['a long bearer without digits', 'bearer abcdefghijklmnopqrst', 'bearer *****'],
    ['a Basic header', '"Authorization":"Basic dXNlcjpwYXNz"', '"Authorization":"Basic *****"'],
    ['a workspace token', 'token tkn_0123abcd in use', 'token tkn_***** in use'],
    ['a token in an encoded URL', 'next=%2Fwrite%3Ftoken%3Dabc123%26x', 'next=%2Fwrite%3Ftoken%3D*****%26x'],
    ['a signature', `Signature=${'0a'.repeat(32)}, x`, 'Signature=*****, x'],
    ['a presigned URL', '/x?a=1&X-Amz-Signature=0a0b0c&b=2', '/x?a=1&X-Amz-Signature=*****&b=2'],
    [
      'keys as an environment writes them',
      'AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG AWS_SESSION_TOKEN=IQoJb3JpZ2luX2VjEJ',
      'AWS_SECRET_ACCESS_KEY=***** AWS_SESSION_TOKEN=*****',
    ],
    [
      'keys as STS writes them',
      '{"SecretAccessKey": "wJalrXUtnFEMI/K7MDENG","SessionToken":"IQoJb3JpZ2luX2VjEJ"}',
      '{"SecretAccessKey": "*****","SessionToken":"*****"}',
    ],
  ])('hides %s without knowing it', (_title, text, shown) => {
    expect(createMask([])(text)).toBe(shown)
    expect(hideShapes(text)).toBe(shown)
  })

  it.each([
    'Basic settings of the bearer authentication',
    'arn:aws:lambda:us-east-1:123456789012:function:AKIA-report',
    'us-east-1: token bucket of 50, Signature=short',
    'commit 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12',
    'https://monitoring.us-east-1.amazonaws.com/?x=1&token_count=3',
    'mail me@example.com about eyJ.a.b',
  ])('leaves %s alone', (text) => {
    expect(createMask([])(text)).toBe(text)
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

  it('hides the beginning of a secret at the end of a text that was cut off', () => {
    const mask = createMask([SECRET])
    for (let length = 4; length < SECRET.length; length += 1) {
      expect(mask.cut(`got ${SECRET.slice(0, length)}`)).toBe('got *****')
    }
    expect(mask.cut(`got ${SECRET}`)).toBe('got *****')
    expect(mask.cut('got wJa')).toBe('got wJa')
    expect(mask.cut('all is well')).toBe('all is well')
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
