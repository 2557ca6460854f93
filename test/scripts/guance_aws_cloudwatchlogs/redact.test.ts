import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DffError } from '../../../core/error.ts'
import { makeRedactor, type RedactOptions } from '../../../scripts/guance_aws_cloudwatchlogs/redact.ts'

/** As a function of texts, none of which may take too long. */
function redactor(options: RedactOptions): (text: string) => string {
  const hide = makeRedactor(options, 'redact')
  return (message) => {
    const { text, isRestHidden } = hide(message)
    expect(isRestHidden).toBe(false)
    return text
  }
}

const redact = redactor({})

function refusal(run: () => unknown): DffError | undefined {
  try {
    run()
  } catch (error) {
    return error instanceof DffError ? error : undefined
  }
  return undefined
}

describe('redaction', () => {
  it.each([
    ['an access key id', 'key AKIAIOSFODNN7EXAMPLE used', 'key AKIA*****MPLE used'],
    ['a temporary access key id', '"ASIAIOSFODNN7EXAMPLE"', '"ASIA*****MPLE"'],
    [
      'a secret key',
      'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
      'aws_secret_access_key = *****',
    ],
    ['a session token', '{"SessionToken":"IQoJb3JpZ2luX2VjEJ//abc="}', '{"SessionToken":"*****"}'],
    ['a JSON Web Token', 'x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP y', 'x ***** y'],
    ['a token after a hyphen', 'jwt-eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjf', 'jwt-*****'],
    ['a Bearer header', '"Authorization":"Bearer mF_9.B5f-4.1JqM"', '"Authorization":"Bearer *****"'],
    ['a card number', 'card 4111111111111111 中文', 'card *****1111 中文'],
    ['a card number in groups before a date', '4111 1111 1111 1111 12/29', '*****1111 12/29'],
    ['a card number with hyphens', '5500-0055-5555-5559', '*****5559'],
    ['an American Express number in groups', '3782 822463 10005', '*****0005'],
    ['a card number in JSON', '{"pan":"6011000990139424"}', '{"pan":"*****9424"}'],
  ])('hides %s', (_title, text, shown) => {
    expect(redact(text)).toBe(shown)
  })

  it.each([
    ['a number that fails Luhn', 'order 4111111111111112'],
    ['a time in ms and one in ns', '1795946401234 and 1795946401234567890'],
    ['a fraction', '0.4111111111111111'],
    ['a longer number', '411111111111111111111'],
    ['a UUID', '8c360c87-d4b7-4423-b5f3-af02be3c1763'],
    ['an account', 'arn:aws:lambda:us-east-1:123456789012:function:支付'],
  ])('leaves %s', (_title, text) => {
    expect(redact(text)).toBe(text)
  })

  it('hides by pattern besides, also where looks are off', () => {
    const own = redactor({ patterns: [String.raw`order-\d+`, '用户\\S+'], isOff: true })
    expect(own('order-42 of 用户甲 4111111111111111')).toBe('***** of ***** 4111111111111111')
    expect(redactor({ patterns: ['x*'] })('axxb')).toBe('a*****b')
  })

  it('names the place of a pattern that it refuses', () => {
    const messageOf = (pattern: string): string | undefined =>
      refusal(() => makeRedactor({ patterns: ['ok', pattern] }, 'logs[0].redact'))?.message
    expect(messageOf('(')).toMatch(
      /^logs\[0\]\.redact\.patterns\[1\]: expected a regular expression without look-arounds and back references \(the syntax of RE2\), got "\("/,
    )
    expect(messageOf(String.raw`(a)\1`)).toContain('without look-arounds and back references')
    expect(messageOf('(?=a)')).toContain('without look-arounds and back references')
    expect(messageOf('(?:a|b){400}')).toMatch(
      /repeats and chooses less \(at most 300 steps\), got .* \(40\d steps\)/,
    )
    expect(messageOf('(?:a{1000}){1000}')).toContain('invalid repeat count')
    expect(messageOf('')).toContain('1 to 1000 characters')
    expect(messageOf(String.raw`[(+*]+\((?:ab){3}`)).toBeUndefined()
    expect(refusal(() => makeRedactor({ patterns: ['('] }, 'x'))?.code).toBe('BAD_PARAMETER')
  })

  it('hides what patterns of JavaScript find, wherever it is', () => {
    const hide = (pattern: string) => redactor({ patterns: [pattern], isOff: true })
    expect(hide('\\u{1F600}|\\u4e2d')('😀😀 中文 $1')).toBe('********** *****文 $1')
    expect(hide('(?<key>order) \\d{2,3}')('order 1234, order 12')).toBe('*****4, *****')
    expect(hide('\\p{L}+支$')('用户 甲支')).toBe('用户 *****')
  })

  it('takes no longer for a pattern of the user, whatever the message', () => {
    const message = `${'a'.repeat(262_143)}!`
    const patterns = ['a+b', '(a+)+$', '(?:a|aa)*b', '.*a.*a.*a.*b', String.raw`\w+\s+\w+@`]
    const own = redactor({ patterns, isOff: true })
    const startMs = performance.now()
    expect(own(message)).toBe(message)
    expect(performance.now() - startMs).toBeLessThan(10_000)
  })

  it.each([
    ['.*b|a', 'a'],
    [String.raw`key=\w+(.*;)?`, 'key=abcdef '],
    ['"password":"[^"]*"(.*"end")?', '"password":"abcdef",'],
    ['(?:a{1,20}){1,7}(?:.*b)?', 'aaaaaaaaaaaaaaaaaaaaaaaa '],
  ])('hides the rest of a message over which %s takes too long', (pattern, unit) => {
    const hide = makeRedactor({ patterns: [pattern], isOff: true }, 'redact')
    const startMs = performance.now()
    for (const length of [2 ** 14, 2 ** 18]) {
      const { text, isRestHidden } = hide(`shown ${unit.repeat(length / unit.length)}secret`)
      expect(isRestHidden).toBe(true)
      expect(text).toMatch(/^shown \*{5}/)
      expect(text).not.toMatch(/abcdef|secret|aaaa/)
    }
    // Without a bound the longer one takes from minutes to an hour.
    expect(performance.now() - startMs).toBeLessThan(20_000)
  })

  it.each([
    [String.raw`\d`, '1', '*****'],
    ['a', 'ab', '*****b'],
    ['甲|乙', '甲乙', '**********'],
    [String.raw`\b\d\b`, '1 ', '***** '],
    ['a??b*', 'ab', 'a*****'],
    [String.raw`(?i)key=\w+`, 'Key=a ', '***** '],
    [String.raw`password=\S+|secret \w+ key`, 'secret of key;', '*****;'],
    [String.raw`(?:secret|token)=\S+(?: until=\d+)?`, 'token=a b ', '***** b '],
    [String.raw`(?:[a-z]{1,40}\s?){1,3};`, 'ab cd; ', '***** '],
  ])('hides each of the matches of %s that fill a message', (pattern, unit, shown) => {
    const hide = redactor({ patterns: [pattern], isOff: true })
    for (const length of [20, 1_000, 2 ** 14, 2 ** 18]) {
      const times = Math.floor(length / unit.length)
      expect(hide(unit.repeat(times)) === shown.repeat(times)).toBe(true)
    }
  })

  it('hides each of many matches, however short or long the message', () => {
    const patterns = ['\\d', 'order-[a-z]+', 'key=[^;]*;(?: ttl=x)?', '(?:甲|乙)(?:丙|丁)?']
    const hide = redactor({ patterns, isOff: true })
    for (const length of [10, 1_000, 2_000, 20_000]) {
      expect(hide('1 order-ab. key=x y; 甲丙乙'.repeat(length))).toBe(
        '***** *****. ***** **********'.repeat(length),
      )
    }
  })

  it('takes time in proportion to the text', () => {
    const words = [
      'eyJ',
      'eyJ-',
      'eyJaaaaa.',
      'Bearer ',
      'bearer',
      '4111 ',
      '4',
      'AKIA',
      'a://',
      '?token',
      'secret_access_key=',
      'token ',
      '-',
    ]
    const startMs = performance.now()
    for (const word of words) redact(`eyJ ${word.repeat(262_144 / word.length)}`)
    expect(performance.now() - startMs).toBeLessThan(10_000)
  })

  it('shows nothing of a card number but its last four digits, whatever is around', () => {
    const card = fc.constantFrom('4111111111111111', '5500005555555559', '378282246310005')
    const around = fc.string({ maxLength: 20 }).filter((text) => !/[\d.]$|^\d/.test(text))
    fc.assert(
      fc.property(around, card, around, (before, number, after) => {
        expect(redact(before + number + after)).not.toContain(number.slice(0, -4))
      }),
    )
  })
})
