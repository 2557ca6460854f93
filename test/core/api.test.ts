import { describe, expect, it } from 'vitest'
import { isApiFunction } from '../../core/api.ts'
import { DFF } from '../../core/dff.ts'
import { coerceError, DffError, exitCodeOf, isErrorCode } from '../../core/error.ts'
import { isSecretRef } from '../../core/secret.ts'

describe('DFF.API', () => {
  it("makes an API function with upstream's defaults", () => {
    const run = DFF.API('Collection', { fixedCronExpr: '*/5 * * * *' }, async () => ({ done: true }))
    expect(isApiFunction(run)).toBe(true)
    expect(run.options).toEqual({ fixedCronExpr: '*/5 * * * *', timeout: 3600, expires: 900 })
  })

  it('refuses a timeout beyond an hour', () => {
    expect(() => DFF.API('Collection', { timeout: 3601 }, async () => null)).toThrow(
      /DFF\.API\('Collection'\): timeout/,
    )
  })

  it('does not take a look-alike for an API function', () => {
    expect(isApiFunction({ title: 'x', options: {}, script: {} })).toBe(false)
    expect(isApiFunction(null)).toBe(false)
  })
})

describe('DFF.SECRET', () => {
  it('is a frozen reference that carries only the name', () => {
    const reference = DFF.SECRET('guance_aws_lambda.ak_secret')
    expect(isSecretRef(reference)).toBe(true)
    expect(Object.isFrozen(reference)).toBe(true)
    expect(JSON.stringify(reference)).toBe('{"$secret":"guance_aws_lambda.ak_secret"}')
    expect(isSecretRef('guance_aws_lambda.ak_secret')).toBe(false)
  })
})

describe('the error family', () => {
  it('composes one paragraph from place, expected, got and remedy', () => {
    const error = new DffError({
      code: 'BAD_CRON',
      place: 'trigger x',
      expected: 'five fields',
      got: 'four',
      remedy: 'Add one.',
    })
    expect(error.message).toBe('trigger x: expected five fields, got four. Add one.')
    expect(exitCodeOf(error.code)).toBe(2)
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({
      code: 'BAD_CRON',
      place: 'trigger x',
      message: error.message,
    })
  })

  it('gives any thrown thing a code, a sentence and its cause', () => {
    const cause = new RangeError('too deep')
    const error = coerceError(cause, 'task 1')
    expect(error.code).toBe('INTERNAL')
    expect(error.message).toContain('too deep')
    expect(error.cause).toBe(cause)
    expect(coerceError('', 'task 1').message).toContain('an error without a message')
    expect(coerceError(error, 'elsewhere')).toBe(error)
  })

  it('knows its own codes and nothing inherited', () => {
    expect(isErrorCode('BAD_CRON')).toBe(true)
    expect(isErrorCode('constructor')).toBe(false)
  })
})
