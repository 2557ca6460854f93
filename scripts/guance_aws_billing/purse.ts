import { DAY_MS, type EpochMs, type Json, type RunContext } from 'guance-aws-lambda/dff'
import type { Day } from './day.ts'

/** Requests that were paid for, by day of UTC. */
type PaidDays = Readonly<Record<Day, number>>

/** When each question was paid for last, by its id. */
type AskedTimes = Readonly<Record<string, EpochMs>>

/** Days that are remembered, by how many and not by how far away they are: one under a wrong clock is not to take those of the right one with it. */
const KEPT_DAYS = 31
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

export interface PurseOptions {
  readonly accountId: string
  /** Requests of a day. */
  readonly limit: number
  /** What was asked later was asked under a clock that ran ahead. */
  readonly latestMs: EpochMs
}

/**
 * Requests to Cost Explorer that may still be paid for on a day, and who got them last. Each is written down before it is
 * sent: whoever is killed has paid for no more than what was written, and does not come first again. One request after
 * the other.
 */
export class Purse {
  readonly limit: number
  /** The tick's time, or that of the last request where the tick is an earlier one. */
  readonly nowMs: EpochMs
  readonly #context: RunContext
  readonly #accountId: string
  #days: PaidDays
  #asked: AskedTimes

  private constructor(
    context: RunContext,
    { accountId, limit, latestMs }: PurseOptions,
    { days, asked }: { readonly days: PaidDays; readonly asked: AskedTimes },
  ) {
    this.#context = context
    this.#accountId = accountId
    this.limit = limit
    this.#days = days
    this.#asked = asked
    const known = Object.values(asked).filter((askedMs) => askedMs <= latestMs)
    this.nowMs = Math.max(context.triggerTimeMs, ...known)
  }

  static async open(context: RunContext, options: PurseOptions): Promise<Purse> {
    const { accountId } = options
    const [days, asked] = await Promise.all([loadPaid(context, accountId), loadAsked(context, accountId)])
    return new Purse(context, options, { days, asked })
  }

  /** Requests that were paid for on a day. */
  paidOn(day: Day): number {
    return this.#days[day] ?? 0
  }

  /** When a question was paid for last; 0 if never, or under a clock that ran ahead. */
  askedMs(id: string): EpochMs {
    const askedMs = this.#asked[id] ?? 0
    return askedMs > this.nowMs + DAY_MS ? 0 : askedMs
  }

  #askedNow(id: string): AskedTimes {
    const kept = Object.entries(this.#asked).filter(
      ([, askedMs]) => askedMs > this.nowMs - ASKED_DAYS * DAY_MS,
    )
    return { ...Object.fromEntries(kept), [id]: this.nowMs }
  }

  /**
   * Writes a request of a question down that is sent on a day; false when none is left for that day. Rejects as `commit`
   * does, and then nothing may be sent.
   */
  async take(id: string, today: Day): Promise<boolean> {
    const paid = this.paidOn(today)
    if (paid >= this.limit) return false
    // Those counted last are at the end, whatever day they are of.
    const others = Object.entries(this.#days).filter(([day]) => day !== today)
    const days = Object.fromEntries([...others.slice(1 - KEPT_DAYS), [today, paid + 1]])
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
