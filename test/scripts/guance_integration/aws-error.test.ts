import { DffError } from '../../../core/error.ts'
import { describe, expect, it } from 'vitest'
import { AwsFailure, classifyAwsError, makeProblem } from '../../../scripts/guance_integration/aws-error.ts'

function awsError(name: string, httpStatusCode?: number, message = 'said AWS'): Error {
  const error = Object.assign(new Error(message), { $metadata: { httpStatusCode } })
  error.name = name
  return error
}

describe('classifyAwsError', () => {
  it.each([
    ['Throttling', 400, 'throttled'],
    ['ThrottlingException', 400, 'throttled'],
    ['TooManyRequestsException', 429, 'throttled'],
    ['AccessDenied', 403, 'forbidden'],
    ['AccessDeniedException', 403, 'forbidden'],
    ['ExpiredToken', 403, 'credentials'],
    ['ExpiredTokenException', 403, 'credentials'],
    ['SignatureDoesNotMatch', 403, 'credentials'],
    ['InvalidSignatureException', 403, 'credentials'],
    ['UnrecognizedClientException', 403, 'region-not-enabled'],
    ['InvalidClientTokenId', 403, 'region-not-enabled'],
    ['InternalServiceFault', 500, 'transient'],
    ['TimeoutError', undefined, 'transient'],
    ['SyntaxError', 200, 'transient'],
    ['Unheard', 503, 'transient'],
    ['Unheard', 429, 'throttled'],
    ['InvalidParameterValue', 400, 'invalid'],
    ['constructor', 400, 'invalid'],
  ])('takes %s with status %s for %s', (name, status, kind) => {
    expect(classifyAwsError(awsError(name, status))).toBe(kind)
  })

  it('takes a broken connection for transient', () => {
    expect(classifyAwsError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))).toBe('transient')
    expect(classifyAwsError(Object.assign(new Error('dns'), { code: 'ENOTFOUND' }))).toBe('transient')
  })

  it('does not take a bug of ours for an answer of AWS', () => {
    expect(classifyAwsError(new TypeError('x is not a function'))).toBeUndefined()
    expect(classifyAwsError('a string')).toBeUndefined()
  })
})

describe('makeProblem', () => {
  it('names the action that AWS says is missing', () => {
    const cause = awsError(
      'AccessDenied',
      403,
      'User: arn:aws:iam::1:user/a is not authorized to perform: cloudwatch:ListMetrics because no policy allows it',
    )
    expect(
      makeProblem(new AwsFailure('forbidden', 'cloudwatch:GetMetricData', cause), '1/us-east-1'),
    ).toEqual({
      code: 'forbidden',
      severity: 'error',
      scope: '1/us-east-1',
      action: 'cloudwatch:ListMetrics',
      message:
        'AWS refuses cloudwatch:ListMetrics (AccessDenied). Allow it in the policy of this user or role.',
    })
  })

  it('keeps a page of HTML out of the record', () => {
    const failure = new AwsFailure(
      'transient',
      'lambda:ListFunctions',
      awsError('SyntaxError', 200, '<'.repeat(9000)),
    )
    expect(makeProblem(failure, 's').message.length).toBeLessThan(400)
  })

  it.each(['\n  ', ' '])('keeps the hint to debuggers out that the SDK adds to a broken body', (gap) => {
    const text = `Unexpected token '<'${gap}Deserialization error: to see the raw response, inspect the hidden field {error}.$response on this object.`
    const failure = new AwsFailure('transient', 'lambda:ListFunctions', awsError('SyntaxError', 200, text))
    expect(makeProblem(failure, 's').message).toMatch(
      /^lambda:ListFunctions failed: SyntaxError, Unexpected token '<'\. What is missing/,
    )
  })

  it('calls anything else internal', () => {
    expect(makeProblem(new TypeError('oops'), 's')).toMatchObject({ code: 'internal', message: 'oops' })
    const known = new DffError({ code: 'STATE_FULL', place: 'p', expected: 'e', got: 'g', remedy: 'r' })
    expect(makeProblem(known, 's')).toMatchObject({ code: 'STATE_FULL', scope: 's' })
  })
})
