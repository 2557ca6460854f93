import { describe, expect, it } from 'vitest'
import { DffError } from '../../core/error.ts'
import { validate, validateAgainst } from '../../core/parameters.ts'

function failure(act: () => unknown): DffError {
  try {
    act()
  } catch (error) {
    if (error instanceof DffError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('validate', () => {
  it.each([
    ['a secret access key', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'],
    ['an access key id', 'AKIAIOSFODNN7EXAMPLE'],
    ['a workspace token', 'tkn_0123456789abcdef'],
    ['a token in a URL', 'https://openway.test/?token=tkn_0123456789abcdef'],
  ])('does not repeat %s that was typed in the wrong spot, as a value or as a key', (_title, secret) => {
    const asValue = failure(() => validate('collector-configs', { regions: [secret] }, 'collectorConfigs'))
    const asKey = failure(() => validate('account', { [secret]: 1 }, 'account'))
    for (const { message } of [asValue, asKey]) {
      expect(message).not.toMatch(/wJalrXUt|IOSFODNN7EX|0123456789abcd/)
    }
  })

  it('returns the very value when it fits', () => {
    const value = { regions: ['us-east-1', 'cn-north-1'] }
    expect(validate('collector-configs', value, 'x')).toBe(value)
  })

  it('suggests the region that a typo meant', () => {
    const error = failure(() => validate('collector-configs', { regions: ['us-esat-1'] }, 'collectorConfigs'))
    expect(error.message).toBe(
      'collectorConfigs: regions[0]: expected one of 41 known values (af-south-1, ap-east-1, ap-east-2, ap-northeast-1, …), got "us-esat-1". Did you mean us-east-1?',
    )
    expect(error.code).toBe('BAD_PARAMETER')
  })

  it('names a key that is missing because of another one', () => {
    const error = failure(() => validate('account', { ak_id: 'AKIA0123456789ABCDEF' }, 'account'))
    expect(error.message).toBe(
      'account: expected the key ak_secret beside ak_id, got nothing. Add ak_secret, or remove ak_id.',
    )
  })

  const targets = (metrics: unknown): object => ({
    regions: ['us-east-1'],
    targets: [{ namespace: 'AWS/Lambda', metrics }],
  })

  it.each([
    [
      'cloudwatch-configs',
      { regions: ['us-east-1'] },
      'expected the key targets, got nothing. Add it. What to',
    ],
    [
      'collector-configs',
      { regions: [] },
      'expected "auto", or a list of 1 or more, got []. What belongs here: AWS regions',
    ],
    ['collector-configs', { regions: ['moon'] }, 'got "moon". What belongs here: An AWS region.'],
    [
      'cloudwatch-configs',
      targets('Errors'),
      'expected "ALL", or a list, got "Errors". What belongs here: Patt',
    ],
    ['cloudwatch-configs', { ...targets('ALL'), statistics: 'usefull' }, 'Did you mean useful?'],
    ['cloudwatch-configs', { ...targets('ALL'), a: 1 }, 'got the key a. Remove it, or correct its name.'],
    [
      'account',
      { ak_id: '', ak_secret: { $secret: 'a' } },
      'got an empty text. What belongs here: Access key id',
    ],
    ['account', { external_id: 'ab' }, 'Add assume_role_arn, or remove external_id.'],
    ['account', { extra_tags: { a: 1 } }, 'extra_tags.a: expected a text, got 1. Correct the value.'],
    [
      'api-options',
      { timeout: 4000 },
      'timeout: expected at most 3600, got 4000. What belongs here: Seconds',
    ],
  ] as const)('says of %s %j what to do', (id, value, text) => {
    expect(failure(() => validate(id, value, 'place')).message).toContain(text)
  })

  it('never shows a secret that was typed where a reference belongs', () => {
    const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
    const error = failure(() =>
      validate('account', { ak_id: 'AKIA0123456789ABCDEF', ak_secret: secret }, 'account'),
    )
    expect(error.message).toContain('ak_secret')
    expect(error.message).not.toContain(secret)
  })

  it('refuses cloud_provider among the extra tags', () => {
    const error = failure(() => validate('account', { extra_tags: { cloud_provider: 'aws' } }, 'account'))
    expect(error.message).toContain('extra_tags')
    expect(error.message).toContain('cloud_provider')
  })

  it('names an unknown option of DFF.API and the known ones', () => {
    const error = failure(() => validate('api-options', { fixedCron: '* * * * *' }, "DFF.API('x')"))
    expect(error.message).toContain('the key fixedCron')
    expect(error.message).toContain('Did you mean fixedCronExpr?')
  })

  it('cuts a long value', () => {
    const error = failure(() => validate('collector-configs', { regions: 'x'.repeat(500) }, 'c'))
    expect(error.message.length).toBeLessThan(300)
  })
})

describe('validateAgainst', () => {
  it('knows the regions by reference in a form given as data', () => {
    const form = { type: 'object', properties: { regions: { type: 'array', items: { $ref: 'regions' } } } }
    expect(() => validateAgainst(form, { regions: ['eu-west-1'] }, 'form')).not.toThrow()
    expect(failure(() => validateAgainst(form, { regions: ['eu-west-11'] }, 'form')).message).toContain(
      'eu-west-1',
    )
  })
})
