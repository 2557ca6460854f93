import { type Account, type AccountSession, MINUTE_MS, type RunContext } from 'guance-aws-lambda/dff'

/** AWS credentials as the SDK asks for them. */
interface SdkCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

/** The SDK asks for credentials at every request during their last 5 minutes; new ones are fetched before that. */
const RENEW_BEFORE_MS = 10 * MINUTE_MS

/** A host that could not renew them is not asked again at each request. */
const ASK_AGAIN_AFTER_MS = 15_000

/** What is denied to so many sessions in one run is denied to all. */
const MAX_REPLACED = 5

function toSdk({ accessKeyId, secretAccessKey, sessionToken, expiresAtMs }: AccountSession): SdkCredentials {
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    ...(expiresAtMs === undefined ? {} : { expiration: new Date(expiresAtMs) }),
  }
}

/** Credentials of one account for the length of a run, which may be longer than a session: the host renews them. */
export class TaskCredentials {
  readonly #context: RunContext
  readonly #account: Account
  readonly #now: () => number
  #session: AccountSession
  #asking: Promise<void> | undefined
  #askedAtMs: number
  readonly #warned = new Set<string>()
  /** What became of asking for others, by the key that AWS had refused. */
  readonly #replacements = new Map<string, { readonly atMs: number; readonly isReplaced: Promise<boolean> }>()

  private constructor(
    context: RunContext,
    account: Account,
    first: { session: AccountSession; now: () => number },
  ) {
    this.#context = context
    this.#account = account
    this.#session = first.session
    this.#now = first.now
    this.#askedAtMs = first.now()
    this.#warn()
  }

  /** Asks the host; rejects as its broker does. */
  static async open(
    context: RunContext,
    account: Account,
    now: () => number = Date.now,
  ): Promise<TaskCredentials> {
    return new TaskCredentials(context, account, { session: await context.credentials(account), now })
  }

  /** As of now: who they belong to stays the same. */
  get session(): AccountSession {
    return this.#session
  }

  /** For the SDK, shared by all clients of the account. Rejects when the old ones have ended and the host has no others. */
  async provide(): Promise<SdkCredentials> {
    const { expiresAtMs = Infinity } = this.#session
    const leftMs = expiresAtMs - this.#now()
    const isDue = leftMs < RENEW_BEFORE_MS && this.#now() - this.#askedAtMs > ASK_AGAIN_AFTER_MS
    if (isDue || leftMs <= 0) {
      // The old ones still work for minutes: a host that is busy must not fail the request.
      await this.#ask(undefined).catch((error: unknown) => {
        if (expiresAtMs <= this.#now()) throw error
      })
    }
    return toSdk(this.#session)
  }

  /** Whether there are others than those that AWS has refused before their end. Rejects as the host's broker does. */
  async replace(refusedKeyId: string): Promise<boolean> {
    if (this.#session.accessKeyId !== refusedKeyId) return true
    const known = this.#replacements.get(refusedKeyId)
    if (known !== undefined && this.#now() - known.atMs < ASK_AGAIN_AFTER_MS) return known.isReplaced
    if (this.#replacements.size >= MAX_REPLACED) return false
    const isReplaced = this.#ask(refusedKeyId).then(() => this.#session.accessKeyId !== refusedKeyId)
    this.#replacements.set(refusedKeyId, { atMs: this.#now(), isReplaced })
    return isReplaced
  }

  async #ask(refusedKeyId: string | undefined): Promise<void> {
    this.#asking ??= this.#renew(refusedKeyId).finally(() => (this.#asking = undefined))
    return this.#asking
  }

  async #renew(refusedKeyId: string | undefined): Promise<void> {
    this.#askedAtMs = this.#now()
    this.#session = await this.#context.credentials(this.#account, refusedKeyId)
    this.#warn()
  }

  #warn(): void {
    const { accountId, warning } = this.#session
    if (warning === undefined || this.#warned.has(warning)) return
    this.#warned.add(warning)
    this.#context.report({ code: 'not-renewed', severity: 'warning', scope: accountId, message: warning })
  }
}
