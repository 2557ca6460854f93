import { DffError } from '../../core/error.ts'
import { type EpochMs, MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import { sleep } from '../wait.ts'
import { Renewing } from './renewing.ts'
import { requestHandlerOf } from './request-handler.ts'
import type { BaseKeys } from './sts.ts'
import { placeOf, restAfter } from './sts-error.ts'

/** The default chain may run a command or ask a network, and neither has a limit of its own. */
const CHAIN_LIMIT_MS = 30 * SECOND_MS

/** Keys without an end stand in a file or in the environment; somebody may write others there. */
const RECHECK_MS = MINUTE_MS

export interface ChainOptions {
  readonly limitMs?: number | undefined
  readonly signal: AbortSignal
  readonly now: () => EpochMs
  readonly random: () => number
}

function chainTimeout(limitMs: number): DffError {
  return new DffError({
    code: 'AWS_UNREACHABLE',
    place: placeOf({}),
    expected: `credentials from the SDK's default chain within ${limitMs / SECOND_MS} s`,
    got: 'no answer',
    remedy:
      'Look at what gives them to this machine (credential_process, SSO, the container or instance role), or give the account ak_id and ak_secret.',
  })
}

async function readChain(limitMs: number, signal: AbortSignal): Promise<BaseKeys> {
  // Loaded when first needed: hosts with stored keys never need it.
  const { fromNodeProviderChain } = await import('@aws-sdk/credential-providers')
  const inTime = new AbortController()
  const limit = AbortSignal.any([signal, inTime.signal])
  const expired = sleep(limitMs, limit).then(() => {
    signal.throwIfAborted()
    throw chainTimeout(limitMs)
  })
  try {
    // The SDK reads each file once in the life of a process unless told otherwise.
    const chain = fromNodeProviderChain({
      ignoreCache: true,
      clientConfig: { requestHandler: requestHandlerOf(process.env) },
    })
    return await Promise.race([chain(), expired])
  } finally {
    inTime.abort()
  }
}

/**
 * The machine's own credentials, one for all accounts of a host: asking for them may run a command, a sign-in or
 * AssumeRoleWithWebIdentity, which must not happen for each account of each task. Rejects as the SDK does.
 */
export function openChain({
  limitMs = CHAIN_LIMIT_MS,
  signal,
  now,
  random,
}: ChainOptions): Renewing<BaseKeys> {
  return new Renewing({
    open: async () => readChain(limitMs, signal),
    endOf: ({ expiration }) => expiration?.getTime(),
    recheckMs: RECHECK_MS,
    mayKeep: () => false,
    restMs: restAfter,
    now,
    random,
  })
}
