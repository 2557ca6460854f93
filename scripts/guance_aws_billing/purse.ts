import type { Json, RunContext } from 'guance-aws-lambda/dff'
import { type Day, dayOf, daysBetween } from './day.ts'

/** Requests that were paid for, by day of UTC. */
type PaidDays = Readonly<Record<Day, number>>

/** Days beyond are of no use to anybody; those of a clock that was wrong go too. */
const KEPT_DAYS = 7

function keyOf(accountId: string): string {
  return `billing/${accountId}/paid`
}

/** What was paid for in the days around; a day of which nothing is known cost nothing. */
async function loadPaid(context: RunContext, accountId: string): Promise<PaidDays> {
  // Written by Purse alone.
  return ((await context.load(keyOf(accountId))) ?? {}) as PaidDays
}

/**
 * Requests to Cost Explorer that may still be paid for today. Each is written down before it is sent: whoever is killed
 * has paid for no more than what was written. One request after the other.
 */
export class Purse {
  readonly limit: number
  readonly #context: RunContext
  readonly #accountId: string
  readonly #today: Day
  #days: PaidDays
  #isRefused = false

  private constructor(context: RunContext, accountId: string, limit: number, days: PaidDays) {
    this.#context = context
    this.#accountId = accountId
    this.#today = dayOf(context.triggerTimeMs)
    this.#days = days
    this.limit = limit
  }

  static async open(context: RunContext, accountId: string, limit: number): Promise<Purse> {
    return new Purse(context, accountId, limit, await loadPaid(context, accountId))
  }

  get paid(): number {
    return this.#days[this.#today] ?? 0
  }

  /** Whether a request was not sent for want of money. */
  get isRefused(): boolean {
    return this.#isRefused
  }

  /** Writes a request down; false when none is left for today. Rejects as `commit` does, and then nothing may be sent. */
  async take(): Promise<boolean> {
    if (this.paid >= this.limit) {
      this.#isRefused = true
      return false
    }
    const kept = Object.entries(this.#days).filter(
      ([day]) => Math.abs(daysBetween(day, this.#today)) <= KEPT_DAYS,
    )
    const days = { ...Object.fromEntries(kept), [this.#today]: this.paid + 1 }
    const state: Record<string, Json> = { [keyOf(this.#accountId)]: days }
    await this.#context.commit({ points: [], state })
    this.#days = days
    return true
  }
}
