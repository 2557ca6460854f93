import { setTimeout as wait } from 'node:timers/promises'

/** How often and how long a failed call is repeated; `sleep` and `random` are parameters so that tests need not wait. */
export interface Backoff {
  readonly attempts: number
  readonly baseMs: number
  readonly capMs: number
  readonly sleep: (delayMs: number, signal: AbortSignal) => Promise<void>
  readonly random: () => number
}

/**
 * Seconds, not the SDK's milliseconds: its three attempts on a dropped connection are over in 60 ms (aws.md §6.6),
 * which no restart of a proxy or load balancer survives. At most 2 + 4 s are waited per
 * call, and one that hangs every time has failed after 9 timeouts of 30 s.
 */
export const DEFAULT_BACKOFF: Backoff = {
  attempts: 3,
  baseMs: 2_000,
  capMs: 20_000,
  sleep: async (delayMs, signal) => {
    await wait(delayMs, undefined, { signal })
  },
  random: Math.random,
}

/** For a person who waits for an answer: the SDK's own attempts and no more. */
export const SINGLE_ATTEMPT: Backoff = { ...DEFAULT_BACKOFF, attempts: 1 }

/** Wait before attempt `attempt` + 1: doubling, the upper half jittered so that many tasks do not return at once. */
export function backoffMs({ baseMs, capMs, random }: Backoff, attempt: number): number {
  const fullMs = Math.min(capMs, baseMs * 2 ** (attempt - 1))
  return fullMs / 2 + (random() * fullMs) / 2
}

/** Repeats `call` while its error is worth it; throws the last error, or the abort reason. */
export async function retryWithBackoff<T>(
  call: () => Promise<T>,
  isWorthRetrying: (error: unknown) => boolean,
  { backoff, signal }: { readonly backoff: Backoff; readonly signal: AbortSignal },
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted()
    try {
      // One attempt after the other: that is what a retry is.
      return await call()
    } catch (error) {
      signal.throwIfAborted()
      if (attempt >= backoff.attempts || !isWorthRetrying(error)) throw error
      await backoff.sleep(backoffMs(backoff, attempt), signal)
    }
  }
}
