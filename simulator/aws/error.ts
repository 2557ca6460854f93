/** The two spellings of an AWS error: JSON and REST services use the first, query services and CloudWatch's query header the second. */
interface ErrorNames {
  readonly json: string
  readonly query: string
  readonly status: number
}

const ERRORS = {
  unknownKey: { json: 'UnrecognizedClientException', query: 'InvalidClientTokenId', status: 403 },
  badSignature: { json: 'InvalidSignatureException', query: 'SignatureDoesNotMatch', status: 403 },
  missingAuth: {
    json: 'MissingAuthenticationTokenException',
    query: 'MissingAuthenticationToken',
    status: 403,
  },
  incompleteSignature: { json: 'IncompleteSignatureException', query: 'IncompleteSignature', status: 400 },
  expiredToken: { json: 'ExpiredTokenException', query: 'ExpiredToken', status: 403 },
  denied: { json: 'AccessDeniedException', query: 'AccessDenied', status: 403 },
  throttled: { json: 'ThrottlingException', query: 'Throttling', status: 400 },
  throttledLambda: { json: 'TooManyRequestsException', query: 'TooManyRequestsException', status: 429 },
  internal: { json: 'InternalServiceFault', query: 'InternalServiceError', status: 500 },
  unavailable: { json: 'ServiceUnavailableException', query: 'ServiceUnavailable', status: 503 },
  notFound: { json: 'ResourceNotFoundException', query: 'ResourceNotFoundException', status: 404 },
  unknownOperation: { json: 'UnknownOperationException', query: 'InvalidAction', status: 404 },
  validation: { json: 'ValidationException', query: 'ValidationError', status: 400 },
  invalidValue: { json: 'InvalidParameterValueException', query: 'InvalidParameterValue', status: 400 },
  missingParameter: { json: 'MissingRequiredParameterException', query: 'MissingParameter', status: 400 },
  invalidToken: { json: 'InvalidNextToken', query: 'InvalidNextToken', status: 400 },
  expiredPage: { json: 'InvalidNextTokenException', query: 'InvalidNextTokenException', status: 400 },
  dataUnavailable: { json: 'DataUnavailableException', query: 'DataUnavailableException', status: 400 },
  limited: { json: 'LimitExceededException', query: 'LimitExceededException', status: 400 },
  invalidInput: { json: 'InvalidInputException', query: 'InvalidInputException', status: 400 },
  parentNotFound: { json: 'ParentNotFoundException', query: 'ParentNotFoundException', status: 400 },
  targetNotFound: { json: 'TargetNotFoundException', query: 'TargetNotFoundException', status: 400 },
  invalidParameter: { json: 'InvalidParameterException', query: 'InvalidParameter', status: 400 },
  invalidIdentity: { json: 'InvalidIdentityToken', query: 'InvalidIdentityToken', status: 400 },
  endedIdentity: { json: 'ExpiredTokenException', query: 'ExpiredTokenException', status: 400 },
  malformed: { json: 'SerializationException', query: 'MalformedInput', status: 400 },
} as const satisfies Record<string, ErrorNames>

export type AwsErrorKind = keyof typeof ERRORS

/** A refusal as AWS words it. Each protocol spells its name in its own way. */
export class AwsError extends Error {
  readonly names: ErrorNames

  constructor(kind: AwsErrorKind, message: string) {
    super(message)
    this.name = 'AwsError'
    this.names = ERRORS[kind]
  }
}
