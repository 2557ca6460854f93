import { DffError, type ErrorCode } from '../../core/error.ts'
import type { Account } from '../../core/schema-types.generated.ts'
import { MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import { createMask } from '../task/mask.ts'

/** AWS explains a wrong signature with the canonical request, pages of it: the first sentence says what is wrong. */
const MAX_SAID = 300

/** As external-id.ts makes them: the user has never typed it. */
const MADE_BY_HOST = /^guance-[0-9a-f]{40}$/

/** What would be right, and what to do. */
export interface Advice {
  readonly code?: ErrorCode
  readonly expected: string
  readonly remedy: string
}

/** Advice by the name and the words of a failure; undefined where it knows none. */
export type Adviser = (name: string, said: string) => Advice | undefined

/** The key or the token is not known where it was shown; in another partition the same key may well be. */
export function isUnknownKey(error: unknown): boolean {
  return error instanceof Error && /^(InvalidClientTokenId|UnrecognizedClient)/.test(error.name)
}

/** AWS itself said it; a network or a proxy that fails has no `$fault`. */
export function wasAnswered(error: unknown): boolean {
  return error instanceof Error && '$fault' in error
}

/** STS was asked, understood and said no; nothing about the network or its load. */
export function isDenied(error: unknown): boolean {
  return error instanceof Error && error.name.startsWith('AccessDenied')
}

/** An attempt that took longer waited for somebody who says nothing; a refused connection is over in milliseconds. */
const SILENT_AFTER_MS = 5 * SECOND_MS

/** Each trigger would else wait through a silence again, for up to a minute and a half and account. */
export const SILENCE_RESTS_MS = 2 * MINUTE_MS

/** How long a failure to get credentials is believed: a silence for minutes, an answer not at all. */
export function restAfter(error: unknown, tookMs: number): number {
  const isSilence = tookMs > SILENT_AFTER_MS && error instanceof DffError && error.code === 'AWS_UNREACHABLE'
  return isSilence ? SILENCE_RESTS_MS : 0
}

/** Where a credential stands: the key, or the default chain, and the role that is to be assumed with it. */
export function placeOf({ ak_id, assume_role_arn }: Account): string {
  const base =
    ak_id === undefined ? "account with the SDK's default credentials" : `account with key ${ak_id}`
  return assume_role_arn === undefined ? base : `${base}, role ${assume_role_arn}`
}

function adviseUnknownKey({ ak_id, assume_role_arn }: Account): Advice {
  const partition = assume_role_arn?.split(':')[1]
  if (partition !== undefined && partition !== 'aws') {
    return {
      expected: `a key that AWS knows in partition ${partition}, to which the role belongs`,
      remedy: `Give the account keys of ${partition}: those of another partition are not known there. Else the key may be mistyped, deleted or inactive.`,
    }
  }
  return {
    expected: 'a key that AWS knows',
    remedy:
      ak_id === undefined
        ? 'Renew the credentials of the environment or profile that the host runs with (aws sts get-caller-identity shows them).'
        : 'Check ak_id in the Startup script: the key may be mistyped, deleted or inactive. If AWS_REGION is set, that region must be enabled in the account.',
  }
}

function adviseSignature({ ak_secret }: Account, said: string): Advice {
  if (/expired|not yet current/i.test(said)) {
    return { expected: 'a request signed at the right time', remedy: 'Set the clock of this machine.' }
  }
  const where = ak_secret === undefined ? 'the environment or profile' : `dff secret set ${ak_secret.$secret}`
  return {
    expected: 'the secret that belongs to this key',
    remedy: `The secret access key is another one's or was cut off: enter it again (${where}).`,
  }
}

function adviseDenied({ assume_role_arn, external_id }: Account): Advice {
  if (assume_role_arn === undefined) {
    return { expected: 'an identity that STS answers', remedy: 'Look for a policy that denies sts: actions.' }
  }
  const trust =
    external_id === undefined
      ? 'and, if it asks for an external id, set external_id'
      : MADE_BY_HOST.test(external_id)
        ? 'with the external id that this home has made (dff policy prints it)'
        : `with the external id that stands in external_id`
  return {
    expected: 'a role that this identity may assume',
    remedy: `The trust policy of the role must name this identity, ${trust}; the identity needs sts:AssumeRole on the role; and the role must exist.`,
  }
}

/** Names of the SDK and of STS, most telling first; what is not here was refused without our knowing better. */
function advise(name: string, said: string, account: Account): Advice {
  if (/^(InvalidClientTokenId|UnrecognizedClient)/.test(name)) return adviseUnknownKey(account)
  if (/^(SignatureDoesNotMatch|InvalidSignature|RequestExpired|RequestTimeTooSkewed)/.test(name)) {
    return adviseSignature(account, said)
  }
  if (/^(ExpiredToken|TokenRefreshRequired)/.test(name)) {
    const remedy = 'Renew them (for example aws sso login) and run again.'
    return { expected: 'credentials that are still valid', remedy }
  }
  if (name.startsWith('AccessDenied')) return adviseDenied(account)
  if (name.startsWith('RegionDisabled')) {
    const remedy = 'Set AWS_REGION to a region that is enabled in the account.'
    return { expected: 'a region whose STS is active', remedy }
  }
  if (/^(ValidationError|MalformedInput|PackedPolicyTooLarge)/.test(name)) {
    const remedy =
      'Check assume_role_arn, role_session_name, session_duration_sec and external_id in the Startup script.'
    return { expected: 'parameters that STS accepts', remedy }
  }
  if (/^(CredentialsProviderError|TokenProviderError|ProviderError)/.test(name)) {
    return {
      code: 'NO_CREDENTIALS',
      expected: "credentials from the SDK's default chain (environment, profile, container or instance role)",
      remedy: 'Give the account ak_id and ak_secret, or run the host where the AWS CLI finds credentials.',
    }
  }
  return {
    code: 'AWS_UNREACHABLE',
    expected: 'an answer from AWS STS',
    remedy: 'Check the network, the proxy, AWS_REGION and AWS_ENDPOINT_URL; the next run tries again.',
  }
}

/**
 * A failure on the way to credentials, as the user can act on it: what AWS said, cleaned, and what to do. `adviseFirst`
 * may know better what its name and words mean.
 */
export function credentialsError(
  error: unknown,
  account: Account,
  {
    secrets = [],
    adviseFirst,
  }: { readonly secrets?: readonly string[]; readonly adviseFirst?: Adviser } = {},
): DffError {
  if (error instanceof DffError) return error
  const name = error instanceof Error ? error.name : typeof error
  const text = error instanceof Error ? error.message : String(error)
  // Masked before it is cut: half a secret would no longer be known as one.
  const sentence = (createMask(secrets)(text).split('\n')[0] ?? '').trim().slice(0, MAX_SAID)
  const said = sentence === '' ? ((error as NodeJS.ErrnoException).code ?? '') : sentence
  const {
    code = 'CREDENTIALS_REFUSED',
    expected,
    remedy,
  } = adviseFirst?.(name, said) ?? advise(name, said, account)
  const got = (said.startsWith(name) ? said : `${name}: ${said}`).replace(/[.:\s]+$/, '')
  return new DffError({ code, place: placeOf(account), expected, got, remedy }, { cause: error })
}
