import { inspect } from 'node:util'
import { DffError, type Problem, type RunContext } from 'guance-aws-lambda/dff'
import { type Denial, readDenial } from './denial.ts'

export type AwsErrorKind =
  | 'throttled'
  | 'forbidden'
  | 'credentials'
  | 'region-not-enabled'
  | 'transient'
  | 'invalid'
  | 'budget'

/**
 * Every error name of the APIs we call, in both spellings: the JSON body says `…Exception`, the header
 * `x-amzn-query-error` overrides it with the short one. A Map, because a name like `constructor` must not be found.
 */
const KIND_BY_NAME: ReadonlyMap<string, AwsErrorKind> = new Map([
  ['BudgetSpent', 'budget'],
  ['Throttling', 'throttled'],
  ['ThrottlingException', 'throttled'],
  ['ThrottledException', 'throttled'],
  ['RequestThrottled', 'throttled'],
  ['TooManyRequestsException', 'throttled'],
  ['RequestLimitExceeded', 'throttled'],
  ['LimitExceededException', 'throttled'],
  ['AccessDenied', 'forbidden'],
  ['AccessDeniedException', 'forbidden'],
  ['AuthorizationError', 'forbidden'],
  ['UnauthorizedOperation', 'forbidden'],
  ['NotAuthorized', 'forbidden'],
  ['ExpiredToken', 'credentials'],
  ['ExpiredTokenException', 'credentials'],
  ['RequestExpired', 'credentials'],
  ['SignatureDoesNotMatch', 'credentials'],
  ['InvalidSignatureException', 'credentials'],
  ['IncompleteSignature', 'credentials'],
  ['MissingAuthenticationToken', 'credentials'],
  ['MissingAuthenticationTokenException', 'credentials'],
  ['OptInRequired', 'region-not-enabled'],
  // STS accepted the same credentials, so a region that does not know them is one that is not enabled (aws.md §6.1).
  ['UnrecognizedClientException', 'region-not-enabled'],
  ['UnrecognizedClient', 'region-not-enabled'],
  ['InvalidClientTokenId', 'region-not-enabled'],
  ['AuthFailure', 'region-not-enabled'],
  // Of Cost Explorer: a day is not there yet, or it was enabled within the last 24 hours.
  ['DataUnavailableException', 'transient'],
  ['InternalServiceFault', 'transient'],
  ['InternalServiceError', 'transient'],
  ['InternalFailure', 'transient'],
  ['ServiceException', 'transient'],
  ['ServiceUnavailable', 'transient'],
  ['ServiceUnavailableException', 'transient'],
  ['RequestTimeout', 'transient'],
  ['RequestTimeoutException', 'transient'],
  ['TimeoutError', 'transient'],
  // A reply that is no JSON (a proxy's page, a cut body): the SDK throws it even on 200 and never retries it.
  ['SyntaxError', 'transient'],
])

/** System and undici codes of a connection that broke. */
const NETWORK_CODE = /^(ECONN|ENOTFOUND|EPIPE|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR)/

interface ErrorShape {
  readonly name: string
  readonly message: string
  readonly code?: unknown
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: unknown
}

function kindByStatus(status: number | undefined): AwsErrorKind | undefined {
  if (status === undefined) return undefined
  if (status === 429) return 'throttled'
  if (status >= 500) return 'transient'
  return status >= 400 ? 'invalid' : 'transient'
}

/** The kind of an error thrown by an AWS client; undefined for anything that is no answer or failure of AWS, such as a bug of ours. */
export function classifyAwsError(error: unknown): AwsErrorKind | undefined {
  if (!(error instanceof Error)) return undefined
  const { name, code, $metadata, $response }: ErrorShape = error
  const byName = KIND_BY_NAME.get(name)
  if (byName !== undefined) return byName
  if (typeof code === 'string' && NETWORK_CODE.test(code)) return 'transient'
  return kindByStatus($metadata?.httpStatusCode) ?? ($response === undefined ? undefined : 'transient')
}

/** A provider's message may be a page of HTML. */
const MAX_DETAIL = 200

/** What the SDK adds to a body that it cannot read: a second line for who debugs it. */
const SDK_HINT = /\s*Deserialization error: to see the raw response.*/

/** Name and message of an error come from the reply, where they may be anything. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value)
}

function describeFailure(action: string, { name, message }: Error): string {
  const [line = ''] = textOf(message)
    .trimStart()
    .split(/[\r\n]/, 1)
  const detail = line.replace(SDK_HINT, '').trimEnd().slice(0, MAX_DETAIL).replace(/\.$/, '')
  return `${action} failed: ${name === 'Error' ? '' : `${name}, `}${detail}.`
}

interface Wording {
  readonly describe: (action: string, error: Error) => string
  readonly remedy: string
}

const ASKED_AGAIN = 'What is missing is asked for again at the next run.'

const WORDINGS: Readonly<Record<AwsErrorKind, Wording>> = {
  throttled: { describe: (action, { name }) => `AWS throttles ${action} (${name}).`, remedy: ASKED_AGAIN },
  forbidden: {
    describe: (action, { name }) => `AWS refuses ${action} (${name}).`,
    remedy: 'Allow it in the policy of this user or role.',
  },
  credentials: {
    describe: (action, { name }) => `AWS does not accept the credentials for ${action} (${name}).`,
    remedy: 'Check the key, the role and its session with `dff doctor`.',
  },
  'region-not-enabled': {
    describe: (_action, { name }) => `AWS does not know the account's credentials in this region (${name}).`,
    remedy:
      'Enable the region for this account, or remove it from regions; if other regions fail alike, the key was deactivated.',
  },
  transient: { describe: describeFailure, remedy: ASKED_AGAIN },
  budget: {
    describe: (action, { message }) => `${action} is not asked any more: ${message}.`,
    remedy: 'Raise budget in cloudwatchConfigs, or ask for less: `dff plan` says what costs how much.',
  },
  invalid: {
    describe: describeFailure,
    remedy: 'This is a fault of the script set: please report it with this line.',
  },
}

/** A call that AWS did not answer as asked, after all retries; becomes a Problem of the record. */
export class AwsFailure extends Error {
  readonly kind: AwsErrorKind
  /** The IAM action, as AWS names it in a refusal, else of the call. */
  readonly action: string

  /** Who refuses, of a refusal that is no want of a permission. */
  readonly deniedBy?: Denial['by']

  constructor(kind: AwsErrorKind, action: string, cause: Error) {
    const denial = kind === 'forbidden' ? readDenial(textOf(cause.message)) : {}
    const refused = denial.action ?? action
    const { describe, remedy } = WORDINGS[kind]
    const why = denial.why === undefined ? '' : ` Here ${denial.why}.`
    super(`${describe(refused, cause)}${why} ${denial.remedy ?? remedy}`, { cause })
    this.name = 'AwsFailure'
    this.kind = kind
    this.action = refused
    if (denial.by !== undefined) this.deniedBy = denial.by
  }
}

/** Any thrown thing as the Problem that the record shows for `scope`. */
export function makeProblem(error: unknown, scope: string): Problem {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof DffError) return { code: error.code, severity: 'error', scope, message }
  if (!(error instanceof AwsFailure)) return { code: 'internal', severity: 'error', scope, message }
  const base = { code: error.kind, severity: 'error', scope, message } as const
  return error.kind === 'forbidden' ? { ...base, action: error.action } : base
}

/** Shows an error in the record, for what goes on without it. */
export function reportProblem(context: Pick<RunContext, 'report'>, error: unknown, scope: string): void {
  context.report(makeProblem(error, scope))
}
