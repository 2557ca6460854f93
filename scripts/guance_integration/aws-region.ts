import type { AwsClock } from './aws-clock.ts'
import { type AwsClientOptions, type AwsClients, makeClients } from './aws-clients.ts'
import { AwsFailure, classifyAwsError } from './aws-error.ts'
import { retryWithBackoff } from './backoff.ts'
import type { TaskCredentials } from './task-credentials.ts'

/** One region of one account: its clients, and the way to call them. */
export interface AwsRegion extends AwsClients {
  readonly accountId: string
  readonly region: string
  /** `123456789012/us-east-1` */
  readonly scope: string
  readonly clock: AwsClock
  /** Whose metrics are asked for, where they are another account's that is linked to this one. */
  readonly owner?: string
  /** Closes the clients. */
  release(): void
  /** Calls AWS, repeating what is throttled or transient; throws AwsFailure naming `action`. */
  call<T>(action: string, send: (abortSignal: AbortSignal) => Promise<T>): Promise<T>
  /** The same without repeating: for what costs money each time. */
  callOnce<T>(action: string, send: (abortSignal: AbortSignal) => Promise<T>): Promise<T>
}

/** AWS takes the session for ended, whatever its end was said to be; revoking sessions is an explicit deny. */
function isRevoked(error: unknown): boolean {
  if (!(error instanceof AwsFailure)) return false
  const { name } = error.cause as Error
  return error.deniedBy === 'explicit' || name === 'ExpiredToken' || name === 'ExpiredTokenException'
}

/** The clients of a region with the key that they sign with: they keep their own, whatever other regions got meanwhile. */
interface Signing {
  readonly clients: ReturnType<typeof makeClients>
  keyId: string
}

/** Sends, and once more with other credentials where the host has them. Throws AwsFailure, or what the host's broker says. */
async function sendRenewed<T>(
  credentials: TaskCredentials,
  signing: Signing,
  send: () => Promise<T>,
): Promise<T> {
  const { keyId } = signing
  try {
    return await send()
  } catch (error) {
    if (!isRevoked(error)) throw error
    const isReplaced = await credentials.replace(keyId).catch((refusal: unknown) => {
      // Why there are no others explains an end; a denial explains itself.
      throw error instanceof AwsFailure && error.kind === 'forbidden' ? error : refusal
    })
    if (!isReplaced) throw error
    await signing.clients.forgetCredentials()
    signing.keyId = credentials.session.accessKeyId
    // Again in the same way: the key that was noted may have been renewed by the SDK before. The host gives no others at once.
    return await sendRenewed(credentials, signing, send)
  }
}

function isWorthRetrying(error: unknown): boolean {
  return error instanceof AwsFailure && (error.kind === 'throttled' || error.kind === 'transient')
}

/** The clients of one region; they hold keep-alive sockets that do not keep the process alive. */
export function makeAwsRegion(options: AwsClientOptions): AwsRegion {
  const { context, accountId, region, clock, backoff } = options
  const { signal } = context
  const clients = makeClients(options)
  const signing: Signing = { clients, keyId: options.credentials.session.accessKeyId }
  const callOnce: AwsRegion['callOnce'] = async (action, send) => {
    try {
      return await send(signal)
    } catch (error) {
      signal.throwIfAborted()
      const kind = classifyAwsError(error)
      // Without a kind it is no answer of AWS but a fault of ours, and must look like one.
      throw kind === undefined ? error : new AwsFailure(kind, action, error as Error)
    }
  }
  return {
    accountId,
    region,
    scope: `${accountId}/${region}`,
    clock,
    ...clients,
    callOnce,
    call: async (action, send) => {
      const renewing = async () =>
        sendRenewed(options.credentials, signing, async () => callOnce(action, send))
      return retryWithBackoff(renewing, isWorthRetrying, { backoff, signal })
    },
  }
}
