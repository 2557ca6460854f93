import { type EpochMs, formatTime, type Json, type RunContext } from 'guance-aws-lambda/dff'

/** Billed metrics that may be asked for; undefined: as many as it takes. */
export interface Limits {
  readonly perMonth?: number | undefined
  readonly perPoll?: number | undefined
  readonly perMonthInAll?: number | undefined
  readonly perPollInAll?: number | undefined
}

/** Billed metrics spent by one account, and by all of a Startup script. */
export interface Spent {
  readonly month: number
  readonly poll: number
  readonly monthInAll: number
  readonly pollInAll: number
}

/** Functions of a Startup script that spend at the same time: each writes what it spends, and reads the others'. */
const PURSES = ['run', 'critical'] as const
export type Purse = (typeof PURSES)[number]

/** Written ahead of what is spent, so that a task that is killed has spent at most what was written: a cent. */
const RESERVE = 1_000

interface PurseRecord {
  /** `2026-11`, UTC, as AWS bills. */
  readonly month: string
  readonly byAccount: Readonly<Record<string, number>>
}

/** Why a request was not sent. */
interface Refusal {
  readonly text: string
  /** Whether it will not be sent in this month; else the next poll begins anew. */
  readonly isMonth: boolean
}

/** What its message says comes into the record: `budget`. */
class BudgetSpent extends Error {
  override readonly name = 'BudgetSpent'
}

function keyOf(purse: Purse): string {
  return `budget/${purse}`
}

function monthOf(atMs: EpochMs): string {
  return formatTime(atMs).slice(0, 7)
}

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}

function lesser(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other)
}

function tighter(one: Limits, other: Limits): Limits {
  return {
    perMonth: lesser(one.perMonth, other.perMonth),
    perPoll: lesser(one.perPoll, other.perPoll),
    perMonthInAll: lesser(one.perMonthInAll, other.perMonthInAll),
    perPollInAll: lesser(one.perPollInAll, other.perPollInAll),
  }
}

/**
 * What a run may spend and has spent. A request is let through while nothing is used up, so that a limit is exceeded by
 * at most the last one. Counted before it is sent, and written down before that.
 */
class Spending {
  readonly #context: RunContext
  readonly #limits = new Map<string, Limits>()
  #purse: Purse = 'run'
  /** Of this month and function; the others' are as of the last look. */
  readonly #month = new Map<string, number>()
  #others = new Map<string, number>()
  readonly #poll = new Map<string, number>()
  readonly #refused = new Map<string, Refusal>()
  #reserved = 0
  #loaded: Promise<void> | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(context: RunContext) {
    this.#context = context
  }

  /** Sets an account's limits, and whose purse it is; the smaller one counts where two collectors say. */
  async open(accountId: string, limits: Limits, purse: Purse): Promise<void> {
    this.#purse = purse
    this.#limits.set(accountId, tighter(this.#limits.get(accountId) ?? {}, limits))
    this.#loaded ??= this.#load()
    await this.#loaded
  }

  spentBy(accountId: string): Spent {
    return {
      month: (this.#month.get(accountId) ?? 0) + (this.#others.get(accountId) ?? 0),
      poll: this.#poll.get(accountId) ?? 0,
      monthInAll: total(this.#month) + total(this.#others),
      pollInAll: total(this.#poll),
    }
  }

  /** Why requests of an account were not sent in this run; undefined when all were. */
  refusedOf(accountId: string): Refusal | undefined {
    return this.#refused.get(accountId)
  }

  /** Counts what is about to be sent. Rejects BudgetSpent with nothing counted when a limit is reached. */
  async spend(accountId: string, billedMetrics: number): Promise<void> {
    if (billedMetrics === 0 || this.#loaded === undefined) return
    // Accounts spend side by side: one without limits must not write the month down before it was read.
    await this.#loaded
    // What waited beside it may have used up what was reserved for it: each turn lets at least one through.
    while (total(this.#month) + billedMetrics > this.#reserved) await this.#reserve(billedMetrics)
    // From here to the count nothing waits: of two requests at once only one can be the last.
    this.#refuse(accountId)
    for (const counts of [this.#month, this.#poll]) {
      counts.set(accountId, (counts.get(accountId) ?? 0) + billedMetrics)
    }
  }

  /** Writes down what was spent in place of what was reserved. */
  async close(): Promise<void> {
    if (this.#limits.size === 0 || this.#reserved === 0) return
    await this.#writing
    await this.#write(0)
  }

  #refuse(accountId: string): void {
    const limits = this.#limits.get(accountId) ?? {}
    const spent = this.spentBy(accountId)
    const { perMonth, perPoll, perMonthInAll, perPollInAll } = limits
    const reached = [
      [spent.month, perMonth, `${accountId} has spent its ${perMonth} billed metrics of the month`, true],
      [spent.poll, perPoll, `${accountId} has spent its ${perPoll} billed metrics of the poll`, false],
      [spent.monthInAll, perMonthInAll, `the month's ${perMonthInAll} billed metrics in all are spent`, true],
      [spent.pollInAll, perPollInAll, `the poll's ${perPollInAll} billed metrics in all are spent`, false],
    ] as const
    for (const [amount, limit, text, isMonth] of reached) {
      if (limit === undefined || amount < limit) continue
      this.#refused.set(accountId, { text, isMonth })
      throw new BudgetSpent(text)
    }
  }

  async #read(purse: Purse): Promise<ReadonlyMap<string, number>> {
    // Written by #write alone.
    const stored = (await this.#context.load(keyOf(purse))) as unknown as PurseRecord | undefined
    // A record of a later month was written under a clock that was wrong: better counted than forgotten.
    if (stored === undefined || stored.month < monthOf(this.#context.triggerTimeMs)) return new Map()
    return new Map(Object.entries(stored.byAccount))
  }

  async #load(): Promise<void> {
    for (const [accountId, count] of await this.#read(this.#purse)) {
      this.#month.set(accountId, count + (this.#month.get(accountId) ?? 0))
    }
    this.#reserved = total(this.#month)
    await this.#look()
  }

  async #look(): Promise<void> {
    const others = new Map<string, number>()
    for (const purse of PURSES.filter((one) => one !== this.#purse)) {
      for (const [accountId, count] of await this.#read(purse))
        others.set(accountId, (others.get(accountId) ?? 0) + count)
    }
    this.#others = others
  }

  async #reserve(billedMetrics: number): Promise<void> {
    // One after the other: each one covers what waited meanwhile.
    this.#writing = this.#cover(this.#writing, billedMetrics)
    await this.#writing
  }

  async #cover(before: Promise<void>, billedMetrics: number): Promise<void> {
    await before
    if (total(this.#month) + billedMetrics <= this.#reserved) return
    await this.#look()
    await this.#write(RESERVE + billedMetrics)
  }

  /** `ahead` counts for the account that spends most: who is killed cannot say whose it was. */
  async #write(ahead: number): Promise<void> {
    const byAccount: Record<string, number> = Object.fromEntries(this.#month)
    const [most] = [...this.#limits.keys()].toSorted(
      (left, right) => (this.#poll.get(right) ?? 0) - (this.#poll.get(left) ?? 0),
    )
    if (most !== undefined) byAccount[most] = (byAccount[most] ?? 0) + ahead
    const record: PurseRecord = { month: monthOf(this.#context.triggerTimeMs), byAccount }
    this.#reserved = total(this.#month) + ahead
    // Plain data, but an interface has no index signature and so is no Json to the compiler.
    await this.#context.commit({ points: [], state: { [keyOf(this.#purse)]: record as unknown as Json } })
  }
}

const spendings = new WeakMap<RunContext, Spending>()

/** What a run spends: the same whoever asks, and gone with it. */
export function spendingOf(context: RunContext): Spending {
  const known = spendings.get(context) ?? new Spending(context)
  spendings.set(context, known)
  return known
}
