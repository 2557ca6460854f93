import { createHash, randomBytes } from 'node:crypto'
import { type EpochMs, MINUTE_MS } from '../../core/time.ts'
import type { Clock } from '../clock.ts'
import { headerOf, type Request } from '../http.ts'
import { AwsError } from './error.ts'
import { type Authorization, isSignedWith, parseAuthorization, signedAtMs } from './sigv4.ts'

/** A user's permanent key, or a session's temporary one. */
export interface Identity {
  readonly accountId: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly arn: string
  readonly userId: string
  readonly session:
    | { readonly token: string; readonly issuedMs: EpochMs; readonly expiresMs: EpochMs }
    | undefined
}

/** Who signed a request, for which region and service. */
export interface Caller {
  readonly identity: Identity
  readonly region: string
  readonly service: string
}

/** Every key that exists. */
export interface Identities {
  /** The user of each account, in the order of the accounts. */
  readonly users: readonly Identity[]
  /** Verifies a signature; throws the AwsError that AWS would answer. */
  authenticate(request: Request, clock: Pick<Clock, 'nowMs' | 'sinceMs'>): Caller
  /** Issues temporary keys for a session. */
  issue(session: { accountId: string; arn: string; userId: string; durationSec: number }): Identity
  /** Ends every session at once, as when an administrator revokes them. */
  expireSessions(): void
}

/** AWS allows 15 minutes between a request's signing and its arrival. */
const MAX_SKEW_MS = 15 * MINUTE_MS

/** The partition of a region, for ARNs. */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn'
  if (region.startsWith('us-gov-')) return 'aws-us-gov'
  return region.startsWith('eusc-') ? 'aws-eusc' : 'aws'
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** An id in the form of AWS's: four letters that tell the kind, then sixteen of base 32. */
function makeId(prefix: string, bytes: Uint8Array): string {
  return prefix + Array.from(bytes.subarray(0, 16), (byte) => BASE32[byte % 32]).join('')
}

/** The same account and seed give the same keys, so that a simulator can be restarted under a running client. */
function makeUser(accountId: string, seed: number, partition: string): Identity {
  const digest = createHash('sha512').update(`${seed}/${accountId}`).digest()
  return {
    accountId,
    accessKeyId: makeId('AKIA', digest),
    secretAccessKey: digest.subarray(16, 46).toString('base64'),
    arn: `arn:${partition}:iam::${accountId}:user/collector`,
    userId: makeId('AIDA', digest.subarray(46)),
    session: undefined,
  }
}

/**
 * Signed with the wall clock, or with a clock that follows our `Date` header: the SDK does so after its first answer. A
 * client that was idle while a test moved the clock on still signs with an earlier reading.
 */
function isFresh(signedMs: EpochMs, clock: Pick<Clock, 'nowMs' | 'sinceMs'>): boolean {
  if (Math.abs(signedMs - Date.now()) <= MAX_SKEW_MS) return true
  return signedMs >= clock.sinceMs() - MAX_SKEW_MS && signedMs <= clock.nowMs() + MAX_SKEW_MS
}

function checkSession(identity: Identity, request: Request): void {
  const token = headerOf(request.headers, 'x-amz-security-token')
  if (token !== (identity.session?.token ?? '')) {
    throw new AwsError('unknownKey', 'The security token included in the request is invalid.')
  }
  if (identity.session && identity.session.expiresMs <= Date.now()) {
    throw new AwsError('expiredToken', 'The security token included in the request is expired')
  }
}

function checkSignature(identity: Identity, request: Request, authorization: Authorization): void {
  if (isSignedWith(identity.secretAccessKey, request, authorization)) return
  throw new AwsError(
    'badSignature',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  )
}

/** Verifies that a known identity signed the request, whole and in time. */
function authenticate(
  known: ReadonlyMap<string, Identity>,
  request: Request,
  clock: Pick<Clock, 'nowMs' | 'sinceMs'>,
): Caller {
  const authorization = parseAuthorization(request)
  const identity = known.get(authorization.accessKeyId)
  if (!identity) throw new AwsError('unknownKey', 'The security token included in the request is invalid.')
  checkSession(identity, request)
  checkSignature(identity, request, authorization)
  if (isFresh(signedAtMs(request), clock)) {
    return { identity, region: authorization.region, service: authorization.service }
  }
  const signed = headerOf(request.headers, 'x-amz-date')
  throw new AwsError(
    'badSignature',
    `Signature expired: ${signed} is more than 15 min from the service's time`,
  )
}

/** Creates the users of the accounts. Sessions expire by the wall clock, because that is what clients compare their expiry with. */
export function createIdentities(accountIds: readonly string[], seed: number, partition: string): Identities {
  const users = accountIds.map((accountId) => makeUser(accountId, seed, partition))
  const known = new Map(users.map((user) => [user.accessKeyId, user]))
  return {
    users,
    authenticate: (request, clock) => authenticate(known, request, clock),
    issue({ durationSec, ...session }) {
      const token = randomBytes(96).toString('base64')
      const identity: Identity = {
        ...session,
        accessKeyId: makeId('ASIA', randomBytes(16)),
        secretAccessKey: randomBytes(30).toString('base64'),
        session: { token, issuedMs: Date.now(), expiresMs: Date.now() + durationSec * 1_000 },
      }
      known.set(identity.accessKeyId, identity)
      return identity
    },
    expireSessions() {
      for (const [key, identity] of known) {
        if (identity.session) known.set(key, { ...identity, session: { ...identity.session, expiresMs: 0 } })
      }
    },
  }
}
