import { DAY_MS, type EpochMs, type Json, type RunContext } from 'guance-aws-lambda/dff'
import { type Day, dayOf, daysBetween } from './day.ts'

/** Requests that were paid for, by day of UTC. */
type PaidDays = Readonly<Record<Day, number>>

/** When each question was paid for last, by its id. */
type AskedTimes = Readonly<Record<string, EpochMs>>

/** Days beyond are of no use to anybody; those of a clock that was wrong go too. */
const KEPT_DAYS = 7
/** One request a day goes round as many accounts before any of them is forgotten. */
const ASKED_DAYS = 400

function keyOf(accountId: string, kind: 'paid' | 'asked'): string {
  return `billing/${accountId}/${kind}`
}

/** What was paid for in the days around; a day of which nothing is known cost nothing. */
async function loadPaid(context: RunContext, accountId: string): Promise<PaidDays> {
  // Written by Purse alone.
  return ((await context.load(keyOf(accountId, 'paid'))) ?? {}) as PaidDays
}

async function loadAsked(context: RunContext, accountId: string): Promise<AskedTimes> {
  // Written by Purse alone.
  return ((await context.load(keyOf(accountId, 'asked'))) ?? {}) as AskedTimes
}

/**
 * Requests to Cost Explorer that may still be paid for today, and who got them last. Each is written down before it is
 * sent: whoever is killed has paid for no more than what was written, and does not come first again. One request after
 * the other.
 */
export class Purse {
  readonly limit: number
  readonly #context: RunContext
  readonly #accountId: string
  readonly #today: Day
  #days: PaidDays = {}
  #asked: AskedTimes = {}

  private constructor(context: RunContext, accountId: string, limit: number) {
    this.#context = context
    this.#accountId = accountId
    this.#today = dayOf(context.triggerTimeMs)
    this.limit = limit
  }

  static async open(context: RunContext, accountId: string, limit: number): Promise<Purse> {
    const purse = new Purse(context, accountId, limit)
    purse.#days = await loadPaid(context, accountId)
    purse.#asked = await loadAsked(context, accountId)
    return purse
  }

  get paid(): number {
    return this.#days[this.#today] ?? 0
  }

  /** When a question was paid for last; 0 if never, or under a clock that ran ahead. */
  askedMs(id: string): EpochMs {
    const askedMs = this.#asked[id] ?? 0
    return askedMs > this.#context.triggerTimeMs + DAY_MS ? 0 : askedMs
  }

  #askedNow(id: string): AskedTimes {
    const { triggerTimeMs } = this.#context
    const kept = Object.entries(this.#asked).filter(
      ([, askedMs]) => askedMs > triggerTimeMs - ASKED_DAYS * DAY_MS,
    )
    return { ...Object.fromEntries(kept), [id]: triggerTimeMs }
  }

  /**
   * Writes a request of a question down; false when none is left for today. Rejects as `commit` does, and then nothing
   * may be sent.
   */
  async take(id: string): Promise<boolean> {
    if (this.paid >= this.limit) return false
    const kept = Object.entries(this.#days).filter(
      ([day]) => Math.abs(daysBetween(day, this.#today)) <= KEPT_DAYS,
    )
    const days = { ...Object.fromEntries(kept), [this.#today]: this.paid + 1 }
    const asked = this.#askedNow(id)
    const state: Record<string, Json> = {
      [keyOf(this.#accountId, 'paid')]: days,
      [keyOf(this.#accountId, 'asked')]: asked,
    }
    await this.#context.commit({ points: [], state })
    this.#days = days
    this.#asked = asked
    return true
  }
}
