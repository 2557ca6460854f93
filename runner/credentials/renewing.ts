import type { EpochMs } from '../../core/time.ts'
import { MINUTE_MS } from '../../core/time.ts'

/** Part of its life after which a value is renewed, least and most: those of many accounts do not come due at once. */
const RENEW_AFTER = { least: 0.6, most: 0.7 }

/** After a renewal that failed while the old value is good. */
const RETRY_AFTER_MS = MINUTE_MS

/** AWS may refuse what it has just given; asking again at once gives nothing better. */
const MIN_AGE_MS = MINUTE_MS

export interface RenewingOptions<T> {
  readonly open: () => Promise<T>
  /** When the value ends; undefined for one that does not say. */
  readonly endOf: (value: T) => EpochMs | undefined
  /** How long a value without an end is believed. */
  readonly recheckMs: number
  /** Whether a value without an end stays in use after this failure of its renewal. */
  readonly mayKeep: (error: unknown) => boolean
  /** How long a failure counts for whoever asks next and has no value; 0 for one that is asked for again at once. */
  readonly restMs: (error: unknown, tookMs: number) => number
  readonly now: () => EpochMs
  /** In [0, 1). */
  readonly random: () => number
}

interface Held<T> {
  readonly value: T
  readonly openedAtMs: EpochMs
  renewAtMs: EpochMs
  /** Why the last attempt to renew it failed. */
  failure?: unknown
}

/** A value and, where it could not be renewed, why. */
export interface Renewed<T> {
  readonly value: T
  readonly failure?: unknown
}

/**
 * A value that ends. It is renewed early and behind whoever asks, who gets the old one meanwhile; when that fails, the
 * old one counts until it really ends. One attempt at a time, whoever asks.
 */
export class Renewing<T> {
  readonly #options: RenewingOptions<T>
  #held: Held<T> | undefined
  #opening: Promise<T> | undefined
  #failed: { readonly error: unknown; readonly atMs: EpochMs; readonly restMs: number } | undefined

  constructor(options: RenewingOptions<T>) {
    this.#options = options
  }

  /** The value in use; undefined before the first and after the end of the last. */
  get value(): T | undefined {
    return this.#held !== undefined && !this.#hasEnded(this.#held) ? this.#held.value : undefined
  }

  /** Whether it can be forgotten: no value, no attempt under way, and no failure that still counts. */
  get isIdle(): boolean {
    return this.value === undefined && this.#opening === undefined && !this.#isResting()
  }

  /** Resolves when no attempt is under way; never rejects. */
  async settled(): Promise<void> {
    await this.#opening?.catch(() => undefined)
  }

  /** A value that has not ended. Rejects as `open` does when there is none. */
  async get(): Promise<Renewed<T>> {
    const held = this.#held
    const nowMs = this.#options.now()
    if (held === undefined || this.#hasEnded(held)) return { value: await this.#open() }
    if (nowMs < held.renewAtMs) return { value: held.value, failure: held.failure }
    if (this.#options.endOf(held.value) === undefined) return this.#recheck(held)
    // What becomes of it is in `held`: nobody waits for it.
    this.#open().catch((error: unknown) => this.#postpone(held, error))
    return { value: held.value, failure: held.failure }
  }

  /** The same after AWS has refused the value in use: another one, unless that one is very young. */
  async replace(): Promise<Renewed<T>> {
    const held = this.#held
    if (held !== undefined && this.#options.now() - held.openedAtMs < MIN_AGE_MS) return this.get()
    return { value: await this.#open() }
  }

  #hasEnded({ value }: Held<T>): boolean {
    const endMs = this.#options.endOf(value)
    return endMs !== undefined && endMs <= this.#options.now()
  }

  async #recheck(held: Held<T>): Promise<Renewed<T>> {
    try {
      return { value: await this.#open() }
    } catch (error) {
      if (!this.#options.mayKeep(error)) {
        this.#held = undefined
        throw error
      }
      this.#postpone(held, error)
      return { value: held.value, failure: error }
    }
  }

  #postpone(held: Held<T>, error: unknown): void {
    held.failure = error
    held.renewAtMs = this.#options.now() + RETRY_AFTER_MS
  }

  #isResting(): boolean {
    if (this.#failed === undefined) return false
    const ageMs = this.#options.now() - this.#failed.atMs
    // One of the future was seen under a clock that was wrong.
    return ageMs >= 0 && ageMs < this.#failed.restMs
  }

  async #open(): Promise<T> {
    if (this.#isResting()) throw this.#failed?.error
    this.#opening ??= this.#replaceHeld().finally(() => (this.#opening = undefined))
    return this.#opening
  }

  async #attempt(): Promise<T> {
    const { open, now, restMs } = this.#options
    const beganMs = now()
    try {
      return await open()
    } catch (error) {
      const atMs = now()
      this.#failed = { error, atMs, restMs: restMs(error, atMs - beganMs) }
      throw error
    }
  }

  async #replaceHeld(): Promise<T> {
    const value = await this.#attempt()
    const openedAtMs = this.#options.now()
    this.#held = { value, openedAtMs, renewAtMs: this.#renewAt(value, openedAtMs) }
    return value
  }

  #renewAt(value: T, openedAtMs: EpochMs): EpochMs {
    const { endOf, recheckMs, random } = this.#options
    const endMs = endOf(value)
    if (endMs === undefined) return openedAtMs + recheckMs
    const share = RENEW_AFTER.least + (RENEW_AFTER.most - RENEW_AFTER.least) * random()
    // What is as good as over (another's credentials, handed on) is not asked for at every turn.
    return openedAtMs + Math.max(RETRY_AFTER_MS, (endMs - openedAtMs) * share)
  }
}
