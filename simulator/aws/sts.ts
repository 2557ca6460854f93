import { formatTime } from '../../core/time.ts'
import type { Call, Operation } from './call.ts'
import { AwsError } from './error.ts'
import type { Simulation } from '../simulation.ts'
import { type Identity, partitionOf } from './identity.ts'
import type { XmlTree } from './protocol.ts'

/** The one role that every account of the simulator has, and what its trust policy asks for. */
export const ROLE_NAME = 'guance-collector'
export const EXTERNAL_ID = 'guance-external-id'

/** The role's ARN in an account. */
export function roleArnOf(accountId: string, region: string): string {
  return `arn:${partitionOf(region)}:iam::${accountId}:role/${ROLE_NAME}`
}

function formOf(call: Call): URLSearchParams {
  return new URLSearchParams(call.request.body.toString('utf8'))
}

/** Seconds that a session may last; AWS refuses what is outside, and more than an hour for a role assumed by a role. */
function durationOf(
  form: URLSearchParams,
  { least, most, normal }: { least: number; most: number; normal: number },
): number {
  const text = form.get('DurationSeconds')
  const durationSec = text === null ? normal : Number(text)
  if (Number.isInteger(durationSec) && durationSec >= least && durationSec <= most) return durationSec
  throw new AwsError(
    'validation',
    `1 validation error detected: Value '${text}' at 'durationSeconds' failed to satisfy constraint: Member must have value between ${least} and ${most}`,
  )
}

/** A session's keys as STS answers them. */
export function credentialsOf({ accessKeyId, secretAccessKey, session }: Identity): XmlTree {
  return {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: session?.token ?? '',
    Expiration: formatTime(session?.expiresMs ?? 0),
  }
}

/** sts:GetCallerIdentity. */
export const getCallerIdentity: Operation = ({ caller: { identity } }) => ({
  Arn: identity.arn,
  UserId: identity.userId,
  Account: identity.accountId,
})

function requireSessionName(form: URLSearchParams): string {
  const name = form.get('RoleSessionName') ?? ''
  if (/^[\w+=,.@-]{2,64}$/.test(name)) return name
  throw new AwsError(
    'validation',
    String.raw`1 validation error detected: Value '${name}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]{2,64}`,
  )
}

/** The account whose role is meant, when the role exists and its trust policy lets the caller in. */
function requireTrust(call: Call, form: URLSearchParams): string {
  const roleArn = form.get('RoleArn') ?? ''
  if (roleArn.length < 20) throw new AwsError('validation', `${roleArn} is invalid`)
  const { accountIds, regions } = call.simulation.options
  const accountId = accountIds.find((each) => roleArnOf(each, regions[0] ?? '') === roleArn)
  if (accountId !== undefined) {
    const { externalIds } = call.simulation.access
    const wanted = externalIds.has(accountId) ? externalIds.get(accountId) : EXTERNAL_ID
    // A role that asks for none takes any.
    if (wanted === undefined || form.get('ExternalId') === wanted) return accountId
  }
  throw new AwsError(
    'denied',
    `User: ${call.caller.identity.arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
  )
}

/** A session of an account's role. */
export function issueRole(
  { identities }: Simulation,
  session: {
    readonly accountId: string
    readonly region: string
    readonly sessionName: string
    readonly durationSec: number
  },
): Identity {
  const { accountId, region, sessionName, durationSec } = session
  const roleId = identities.users[0]?.userId.replace('AIDA', 'AROA') ?? 'AROA'
  const arn = `arn:${partitionOf(region)}:sts::${accountId}:assumed-role/${ROLE_NAME}/${sessionName}`
  return identities.issue({ accountId, arn, userId: `${roleId}:${sessionName}`, durationSec })
}

/** sts:AssumeRole. */
export const assumeRole: Operation = (call) => {
  const form = formOf(call)
  const name = requireSessionName(form)
  const isChained = call.caller.identity.arn.includes(':assumed-role/')
  const durationSec = durationOf(form, { least: 900, most: isChained ? 3_600 : 43_200, normal: 3_600 })
  const accountId = requireTrust(call, form)
  const { region } = call.caller
  const identity = issueRole(call.simulation, { accountId, region, sessionName: name, durationSec })
  const user = { AssumedRoleId: identity.userId, Arn: identity.arn }
  return { Credentials: credentialsOf(identity), AssumedRoleUser: user }
}

/** sts:GetSessionToken, without MFA: a code is always refused, because there is no device to make one. */
export const getSessionToken: Operation = (call) => {
  const { identity } = call.caller
  const form = formOf(call)
  if (identity.session) throw new AwsError('denied', 'Cannot call GetSessionToken with session credentials')
  if (form.has('TokenCode') || form.has('SerialNumber')) {
    throw new AwsError('denied', 'MultiFactorAuthentication failed with invalid MFA one time pass code.')
  }
  const durationSec = durationOf(form, { least: 900, most: 129_600, normal: 43_200 })
  const { accountId, arn, userId } = identity
  return {
    Credentials: credentialsOf(call.simulation.identities.issue({ accountId, arn, userId, durationSec })),
  }
}
