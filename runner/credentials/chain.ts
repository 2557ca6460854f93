import { DffError } from '../../core/error.ts'
import { type EpochMs, MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import { sleep } from '../wait.ts'
import { adviseMachine } from './machine-advice.ts'
import { Renewing } from './renewing.ts'
import { requestHandlerOf } from './request-handler.ts'
import type { BaseKeys } from './sts.ts'
import { credentialsError, placeOf, restAfter } from './sts-error.ts'

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

/** Commands and requests that no limit of ours ends: the SDK gives no way to, and each attempt would leave one more. */
const MAX_OPEN = 3

/** Whoever hangs for so long is waited for no longer: what held it up may be mended, which only another attempt finds out. */
const HANGS_AFTER_MS = 10 * MINUTE_MS

/** Attempts that have not answered yet, whoever has given them up, and when each began. */
type OpenAttempts = Map<Promise<BaseKeys>, EpochMs>

/** One more attempt, unless too many hang since lately: then theirs are waited for. */
async function attempt(open: OpenAttempts, nowMs: EpochMs): Promise<BaseKeys> {
  const hung = nowMs - Math.max(0, ...open.values())
  if (open.size < MAX_OPEN || hung >= HANGS_AFTER_MS) {
    const begun = findKeys().finally(() => open.delete(begun))
    open.set(begun, nowMs)
    return begun
  }
  return Promise.any(open.keys()).catch((error: unknown) => {
    throw error instanceof AggregateError ? error.errors[0] : error
  })
}

async function findKeys(): Promise<BaseKeys> {
  // Loaded when first needed: hosts with stored keys never need it.
  const { fromNodeProviderChain } = await import('@aws-sdk/credential-providers')
  // The SDK reads each file once in the life of a process unless told otherwise.
  const chain = fromNodeProviderChain({
    ignoreCache: true,
    clientConfig: { requestHandler: requestHandlerOf(process.env) },
  })
  return chain()
}

async function readChain(
  begin: () => Promise<BaseKeys>,
  limitMs: number,
  signal: AbortSignal,
): Promise<BaseKeys> {
  const inTime = new AbortController()
  const limit = AbortSignal.any([signal, inTime.signal])
  const expired = sleep(limitMs, limit).then(() => {
    signal.throwIfAborted()
    throw chainTimeout(limitMs)
  })
  try {
    return await Promise.race([begin(), expired])
  } catch (error) {
    signal.throwIfAborted()
    throw credentialsError(error, {}, { adviseFirst: adviseMachine })
  } finally {
    inTime.abort()
  }
}

/**
 * The machine's own credentials, one for all accounts of a host: asking for them may run a command, a sign-in or
 * AssumeRoleWithWebIdentity, which must not happen for each account of each task. Throws NO_CREDENTIALS, CREDENTIALS_REFUSED or
 * AWS_UNREACHABLE.
 */
export function openChain({
  limitMs = CHAIN_LIMIT_MS,
  signal,
  now,
  random,
}: ChainOptions): Renewing<BaseKeys> {
  const attempts: OpenAttempts = new Map()
  return new Renewing({
    open: async () => readChain(async () => attempt(attempts, now()), limitMs, signal),
    endOf: ({ expiration }) => expiration?.getTime(),
    recheckMs: RECHECK_MS,
    mayKeep: () => false,
    restMs: restAfter,
    now,
    random,
  })
}
