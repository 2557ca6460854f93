import { DffError } from '../../core/error.ts'
import type { Account } from '../../core/schema-types.generated.ts'
import { type EpochMs, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import { sleep } from '../wait.ts'
import { type BaseKeys, type BrokerSession, openSession, type StsOptions } from './sts.ts'
import { credentialsError, placeOf } from './sts-error.ts'

/** A task may use what it is given for as long as one poll takes; refreshing earlier than this wastes nothing. */
const REFRESH_BEFORE_MS = 10 * MINUTE_MS

/** After a refresh that failed, while the old session is still good. */
const RETRY_AFTER_MS = MINUTE_MS

/** Keys without an end are shown to STS again after this: they may have been deleted. */
const RECHECK_MS = HOUR_MS

/** The default chain may run a command or ask a network, and neither has a limit of its own. */
const CHAIN_LIMIT_MS = 30 * SECOND_MS

/** For all attempts of all regions: an answer takes a second, and one that drips has no limit of its own in the SDK. */
const STS_LIMIT_MS = 90 * SECOND_MS

export interface BrokerOptions {
  /** Value of a stored secret; throws NOT_GRANTED or NO_SECRET. Asked each time, so that a revoked grant holds at once. */
  readonly readSecret: (scriptId: string, name: string) => Promise<string>
  /** Whether a script may use the host's own credentials (the SDK's default chain). */
  readonly usesAws: (scriptId: string) => Promise<boolean>
  /** An account whose external id the host is to make, with it. */
  readonly resolveExternalId?: (account: Account) => Promise<Account>
  /** Region, endpoint and proxy of STS; the default chain itself reads the process's environment. */
  readonly env?: NodeJS.ProcessEnv
  readonly chainLimitMs?: number
  readonly stsLimitMs?: number
  readonly now?: () => EpochMs
}

/** Turns the account of a Startup script into credentials; long-lived secrets stay here. */
export interface Broker {
  /** Credentials for a script's account. Throws NO_CREDENTIALS, CREDENTIALS_REFUSED, AWS_UNREACHABLE, NOT_GRANTED or NO_SECRET. */
  session(scriptId: string, account: Account): Promise<BrokerSession>
  /** Every secret key and session token that is in use, for masking. */
  secretsInUse(): readonly string[]
  /** Ends what is under way and forgets everything. */
  close(): Promise<void>
}

interface Entry {
  readonly session: BrokerSession
  readonly baseSecret: string
  refreshAtMs: EpochMs
}

/** Everything of an account that decides about its credentials; tags do not. */
function cacheKey(scriptId: string, account: Account): string {
  const { ak_id, ak_secret, assume_role_arn, assume_role_chain, role_session_name, external_id } = account
  return JSON.stringify([
    scriptId,
    ak_id,
    ak_secret?.$secret,
    assume_role_arn,
    assume_role_chain,
    role_session_name,
    external_id,
  ])
}

function isUsable({ session }: Entry, nowMs: EpochMs): boolean {
  return session.expiresAtMs === undefined || nowMs < session.expiresAtMs
}

/** A session is good until it ends, whatever became of its renewal; keys without an end only until AWS refuses them. */
function mayKeep(entry: Entry, error: unknown, nowMs: EpochMs): boolean {
  if (entry.session.expiresAtMs !== undefined) return isUsable(entry, nowMs)
  return error instanceof DffError && error.code === 'AWS_UNREACHABLE'
}

function refreshTime({ expiresAtMs }: BrokerSession, nowMs: EpochMs): EpochMs {
  return expiresAtMs === undefined ? nowMs + RECHECK_MS : expiresAtMs - REFRESH_BEFORE_MS
}

function stsTimeout(account: Account, limitMs: number): DffError {
  return new DffError({
    code: 'AWS_UNREACHABLE',
    place: placeOf(account),
    expected: `credentials from AWS STS within ${limitMs / SECOND_MS} s`,
    got: 'no whole answer',
    remedy: 'Check the network, the proxy, AWS_REGION and AWS_ENDPOINT_URL; the next run tries again.',
  })
}

function chainTimeout(account: Account, limitMs: number): DffError {
  return new DffError({
    code: 'AWS_UNREACHABLE',
    place: placeOf(account),
    expected: `credentials from the SDK's default chain within ${limitMs / SECOND_MS} s`,
    got: 'no answer',
    remedy:
      'Look at what gives them to this machine (credential_process, SSO, the container or instance role), or give the account ak_id and ak_secret.',
  })
}

interface ChainLimits {
  readonly limitMs: number
  readonly signal: AbortSignal
}

async function readChain(account: Account, { limitMs, signal }: ChainLimits): Promise<BaseKeys> {
  // Loaded when first needed: hosts with stored keys never need it.
  const { fromNodeProviderChain } = await import('@aws-sdk/credential-providers')
  const inTime = new AbortController()
  const limit = AbortSignal.any([signal, inTime.signal])
  const expired = sleep(limitMs, limit).then(() => {
    signal.throwIfAborted()
    throw chainTimeout(account, limitMs)
  })
  try {
    return await Promise.race([fromNodeProviderChain()(), expired])
  } catch (error) {
    throw credentialsError(error, account, [])
  } finally {
    inTime.abort()
  }
}

/** The keys that an account block stands for; the default chain only where the script may use it. */
async function readBaseKeys(
  scriptId: string,
  account: Account,
  options: BrokerOptions & { readonly closing: AbortSignal },
): Promise<BaseKeys> {
  if (account.ak_id !== undefined && account.ak_secret !== undefined) {
    const secretAccessKey = await options.readSecret(scriptId, account.ak_secret.$secret)
    return { accessKeyId: account.ak_id, secretAccessKey }
  }
  if (await options.usesAws(scriptId)) {
    return readChain(account, {
      limitMs: options.chainLimitMs ?? CHAIN_LIMIT_MS,
      signal: options.closing,
    })
  }
  throw new DffError({
    code: 'NOT_GRANTED',
    place: placeOf(account),
    expected: 'a set that is allowed to use AWS',
    got: scriptId,
    remedy:
      "The host's own credentials go only to sets whose listing names AWS; give the account ak_id and ak_secret.",
  })
}

class CredentialBroker implements Broker {
  readonly #options: BrokerOptions
  readonly #sts: StsOptions
  readonly #now: () => EpochMs
  readonly #closing = new AbortController()
  readonly #entries = new Map<string, Entry>()
  readonly #pending = new Map<string, Promise<BrokerSession>>()

  constructor(options: BrokerOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#sts = { env: options.env ?? process.env, signal: this.#closing.signal }
  }

  async session(scriptId: string, given: Account): Promise<BrokerSession> {
    this.#closing.signal.throwIfAborted()
    const account = (await this.#options.resolveExternalId?.(given)) ?? given
    const keys = await readBaseKeys(scriptId, account, {
      ...this.#options,
      closing: this.#closing.signal,
    })
    this.#forgetExpired()
    const key = cacheKey(scriptId, account)
    const cached = this.#entries.get(key)
    const isSame = cached !== undefined && cached.baseSecret === keys.secretAccessKey
    if (isSame && this.#now() < cached.refreshAtMs) return cached.session
    // Two requests at once share one call; a key that was changed meanwhile does not.
    const pendingKey = `${key} ${keys.secretAccessKey}`
    const opening = this.#pending.get(pendingKey) ?? this.#open(key, account, keys)
    this.#pending.set(pendingKey, opening)
    try {
      return await opening
    } catch (error) {
      if (!isSame || !mayKeep(cached, error, this.#now())) throw error
      cached.refreshAtMs = this.#now() + RETRY_AFTER_MS
      return cached.session
    } finally {
      this.#pending.delete(pendingKey)
    }
  }

  async #open(key: string, account: Account, keys: BaseKeys): Promise<BrokerSession> {
    try {
      const limitMs = this.#options.stsLimitMs ?? STS_LIMIT_MS
      const late = AbortSignal.timeout(limitMs)
      const signal = AbortSignal.any([this.#closing.signal, late])
      const session = await openSession(account, keys, { ...this.#sts, signal }).catch((error: unknown) => {
        throw late.aborted ? stsTimeout(account, limitMs) : error
      })
      const refreshAtMs = refreshTime(session, this.#now())
      this.#entries.set(key, { session, baseSecret: keys.secretAccessKey, refreshAtMs })
      return session
    } catch (error) {
      this.#closing.signal.throwIfAborted()
      throw credentialsError(error, account, [keys.secretAccessKey, keys.sessionToken ?? ''])
    }
  }

  #forgetExpired(): void {
    for (const [key, entry] of this.#entries) {
      if (!isUsable(entry, this.#now())) this.#entries.delete(key)
    }
  }

  secretsInUse(): readonly string[] {
    const held = [...this.#entries.values()].flatMap(({ baseSecret, session }) => [
      baseSecret,
      session.secretAccessKey,
      session.sessionToken ?? '',
    ])
    return [...new Set(held)].filter((secret) => secret !== '')
  }

  async close(): Promise<void> {
    this.#closing.abort(
      new DffError({
        code: 'TASK_FAILED',
        place: 'credentials',
        expected: 'a host that is running',
        got: 'one that is ending',
        remedy: 'Run again once it has started.',
      }),
    )
    await Promise.allSettled(this.#pending.values())
    this.#entries.clear()
  }
}

/** Opens the broker of a host: one per process, closed with it. */
export function createBroker(options: BrokerOptions): Broker {
  return new CredentialBroker(options)
}
