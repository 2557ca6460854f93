import { coerceError, DffError } from '../../core/error.ts'
import type { AccountSession } from '../../core/script.ts'
import type { Account } from '../../core/schema-types.generated.ts'
import { type EpochMs, formatTime, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import { openChain } from './chain.ts'
import { type Renewed, Renewing } from './renewing.ts'
import { type BaseKeys, openSession, type StsOptions } from './sts.ts'
import { credentialsError, placeOf, restAfter, SILENCE_RESTS_MS } from './sts-error.ts'

/** Keys without an end are shown to STS again after this: they may have been deleted. */
const RECHECK_MS = HOUR_MS

/** For all attempts of all regions: an answer takes a second, and one that drips has no limit of its own in the SDK. */
const STS_LIMIT_MS = 90 * SECOND_MS

export interface BrokerOptions {
  /** Value of a stored secret; throws NOT_GRANTED or NO_SECRET. Asked each time, so that a revoked grant holds at once. */
  readonly readSecret: (scriptId: string, name: string) => Promise<string>
  /** Whether a script may use the host's own credentials (the SDK's default chain). */
  readonly usesAws: (scriptId: string) => Promise<boolean>
  /** An account whose external ids the host is to make, with them. */
  readonly resolveExternalId?: (account: Account) => Promise<Account>
  /** Region, endpoint and proxy of STS; the default chain itself reads the process's environment. */
  readonly env?: NodeJS.ProcessEnv
  readonly chainLimitMs?: number
  readonly stsLimitMs?: number
  readonly now?: () => EpochMs
  /** In [0, 1), for tests. */
  readonly random?: () => number
}

/** Turns the account of a Startup script into credentials; long-lived secrets stay here. */
export interface Broker {
  /**
   * Credentials for a script's account; others than `refusedKeyId`, which AWS has refused although it has not ended.
   * Throws NO_CREDENTIALS, CREDENTIALS_REFUSED, AWS_UNREACHABLE, NOT_GRANTED or NO_SECRET.
   */
  session(scriptId: string, account: Account, refusedKeyId?: string): Promise<AccountSession>
  /** Every secret key and session token that is in use, for masking. */
  secretsInUse(): readonly string[]
  /** Resolves when no renewal is under way. */
  settled(): Promise<void>
  /** Ends what is under way and forgets everything. */
  close(): Promise<void>
}

interface Entry {
  readonly sessions: Renewing<AccountSession>
  /** Which keys it was opened with; others begin anew. */
  readonly base: string
  /** As read last: the machine's own may be others by the time of a renewal. */
  keys: BaseKeys
}

/** Everything of an account that decides about its credentials; tags do not. */
function cacheKey(scriptId: string, given: Account): string {
  const { extra_tags: _tags, ak_secret, ...account } = given
  const named = Object.entries(account).toSorted(([left], [right]) => (left < right ? -1 : 1))
  return JSON.stringify([scriptId, ak_secret?.$secret, named])
}

/** Keys that end by themselves are the machine's own, renewed: what was opened with the ones before stays good. */
function baseOf({ expiration, secretAccessKey }: BaseKeys): string {
  return expiration === undefined ? secretAccessKey : 'renewed'
}

function stsTimeout(account: Account, limitMs: number): DffError {
  return new DffError({
    code: 'AWS_UNREACHABLE',
    place: placeOf(account),
    expected: `credentials from AWS STS within ${limitMs / SECOND_MS} s`,
    got: 'no whole answer',
    remedy: `Check the network, the proxy, AWS_REGION and AWS_ENDPOINT_URL; it is asked again after ${SILENCE_RESTS_MS / MINUTE_MS} minutes.`,
  })
}

function notGranted(scriptId: string, account: Account): DffError {
  return new DffError({
    code: 'NOT_GRANTED',
    place: placeOf(account),
    expected: 'a set that is allowed to use AWS',
    got: scriptId,
    remedy:
      "The host's own credentials go only to sets whose listing names AWS; give the account ak_id and ak_secret.",
  })
}

/** The session with what its record should warn of. */
function warned({ value, failure }: Renewed<AccountSession>): AccountSession {
  if (failure === undefined) return value
  const until = value.expiresAtMs === undefined ? '' : ` until ${formatTime(value.expiresAtMs)}`
  const reason = coerceError(failure, value.accountId).message
  return {
    ...value,
    warning: `The session of ${value.arn} stays in use${until}; it cannot be renewed: ${reason}`,
  }
}

class CredentialBroker implements Broker {
  readonly #options: BrokerOptions
  readonly #sts: StsOptions
  readonly #now: () => EpochMs
  readonly #random: () => number
  readonly #closing = new AbortController()
  readonly #chain: Renewing<BaseKeys>
  readonly #entries = new Map<string, Entry>()
  /** What tasks hold, by key id: a session that was renewed is in use until its end all the same. */
  readonly #given = new Map<string, AccountSession>()

  constructor(options: BrokerOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#random = options.random ?? Math.random
    const { signal } = this.#closing
    this.#sts = { env: options.env ?? process.env, signal }
    this.#chain = openChain({ limitMs: options.chainLimitMs, signal, now: this.#now, random: this.#random })
  }

  async session(scriptId: string, given: Account, refusedKeyId?: string): Promise<AccountSession> {
    this.#closing.signal.throwIfAborted()
    const account = (await this.#options.resolveExternalId?.(given)) ?? given
    this.#forgetEnded()
    const key = cacheKey(scriptId, account)
    const keys = await this.#readBaseKeys(scriptId, account).catch((error: unknown) => {
      const held = this.#entries.get(key)?.sessions.value
      if (error instanceof DffError && error.code === 'NOT_GRANTED') throw error
      if (held?.expiresAtMs === undefined || account.ak_id !== undefined) throw error
      return { held, failure: error }
    })
    if ('held' in keys) return warned({ value: keys.held, failure: keys.failure })
    const { sessions } = this.#entryFor(key, account, keys)
    const isRefused = refusedKeyId !== undefined && sessions.value?.accessKeyId === refusedKeyId
    const session = warned(await (isRefused ? sessions.replace() : sessions.get()))
    this.#given.set(session.accessKeyId, session)
    return session
  }

  /** The keys that an account block stands for; the default chain only where the script may use it. */
  async #readBaseKeys(scriptId: string, account: Account): Promise<BaseKeys> {
    if (account.ak_id !== undefined && account.ak_secret !== undefined) {
      const secretAccessKey = await this.#options.readSecret(scriptId, account.ak_secret.$secret)
      return { accessKeyId: account.ak_id, secretAccessKey }
    }
    if (!(await this.#options.usesAws(scriptId))) throw notGranted(scriptId, account)
    return (await this.#chain.get()).value
  }

  #entryFor(key: string, account: Account, keys: BaseKeys): Entry {
    const base = baseOf(keys)
    const known = this.#entries.get(key)
    if (known?.base === base) {
      known.keys = keys
      return known
    }
    const entry: Entry = {
      base,
      keys,
      sessions: new Renewing({
        open: async () => this.#open(account, entry.keys),
        endOf: ({ expiresAtMs }) => expiresAtMs,
        recheckMs: RECHECK_MS,
        mayKeep: (error) => error instanceof DffError && error.code === 'AWS_UNREACHABLE',
        restMs: restAfter,
        now: this.#now,
        random: this.#random,
      }),
    }
    this.#entries.set(key, entry)
    return entry
  }

  async #open(account: Account, keys: BaseKeys): Promise<AccountSession> {
    const limitMs = this.#options.stsLimitMs ?? STS_LIMIT_MS
    const late = AbortSignal.timeout(limitMs)
    const signal = AbortSignal.any([this.#closing.signal, late])
    try {
      return await openSession(account, keys, { ...this.#sts, signal })
    } catch (error) {
      this.#closing.signal.throwIfAborted()
      if (late.aborted) throw stsTimeout(account, limitMs)
      throw credentialsError(error, account, { secrets: [keys.secretAccessKey, keys.sessionToken ?? ''] })
    }
  }

  #forgetEnded(): void {
    const nowMs = this.#now()
    for (const [key, { sessions }] of this.#entries) {
      if (sessions.isIdle) this.#entries.delete(key)
    }
    for (const [keyId, { expiresAtMs = Infinity }] of this.#given) {
      if (expiresAtMs <= nowMs) this.#given.delete(keyId)
    }
  }

  secretsInUse(): readonly string[] {
    const entries = [...this.#entries.values()]
    const sessions = entries.flatMap((entry) => entry.sessions.value ?? [])
    const held = [...entries.map(({ keys }) => keys), ...sessions, ...this.#given.values()]
    const secrets = held.flatMap(({ secretAccessKey, sessionToken = '' }) => [secretAccessKey, sessionToken])
    return [...new Set(secrets)].filter((secret) => secret !== '')
  }

  async settled(): Promise<void> {
    const sessions = [...this.#entries.values()].map((entry) => entry.sessions.settled())
    await Promise.all([...sessions, this.#chain.settled()])
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
    await this.settled()
    this.#entries.clear()
    this.#given.clear()
  }
}

/** Opens the broker of a host: one per process, closed with it. */
export function createBroker(options: BrokerOptions): Broker {
  return new CredentialBroker(options)
}
