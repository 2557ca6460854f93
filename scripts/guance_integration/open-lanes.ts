import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'
import { type RunContext, SECOND_MS } from 'guance-aws-lambda/dff'
import {
  ACCOUNTS_AT_ONCE,
  type Lane,
  type Numbered,
  type Step,
  type Walk,
  walkLane,
} from './account-lanes.ts'
import type { Collector } from './collector.ts'
import { WeightedGate } from './weighted-gate.ts'

/** Accounts whose credentials are asked for at the same time: one that hangs is not to keep the next from being asked. */
const OPENED_AT_ONCE = 32

/** How long a collector waits to learn whether one before it is of its account; STS answers within a second or two. */
const PATIENCE_MS = 5 * SECOND_MS

/** The collectors of one account as they become known to be its. */
interface OpenLane extends Lane {
  readonly collectors: Numbered[]
  readonly waiting: Numbered[]
  /** Resolves when everything so far is done. */
  walked: Promise<void>
}

function firstOf({ collectors }: Lane): number {
  return Math.min(...collectors.map(({ index }) => index))
}

/** Lanes that are gone through while it is still to be found whose some collectors are. */
class OpenLanes {
  readonly #walk: Walk
  readonly #gate = new WeightedGate(ACCOUNTS_AT_ONCE)
  readonly #lanes = new Map<string | undefined, OpenLane>()
  readonly #stopped = Promise.withResolvers<undefined>()
  readonly #failures: unknown[] = []
  #unknown: number

  constructor(context: RunContext, step: Step, count: number) {
    this.#walk = { context, step, isStopped: false }
    this.#unknown = count
  }

  /** Resolves when a lane has failed and nothing more is to be begun. */
  get stopped(): Promise<undefined> {
    return this.#stopped.promise
  }

  get isStopped(): boolean {
    return this.#walk.isStopped
  }

  /** Notes whose a collector is, before its turn has come. */
  know(accountId: string | undefined): void {
    this.#unknown -= 1
    if (this.#lanes.has(accountId)) return
    const isAlone = (): boolean => this.#unknown === 0 && this.#lanes.size === 1
    this.#lanes.set(accountId, {
      accountId,
      get isAlone() {
        return isAlone()
      },
      collectors: [],
      waiting: [],
      walked: Promise.resolve(),
    })
  }

  /** Puts a collector behind those of its account, which is known. */
  add(numbered: Numbered, accountId: string | undefined): void {
    const lane = this.#lanes.get(accountId)
    if (lane === undefined) return
    lane.collectors.push(numbered)
    lane.waiting.push(numbered)
    // Nobody knows beside whom it would be at work: it comes when all others are done.
    if (accountId === undefined) return
    lane.walked = lane.walked.then(async () => this.#walkOn(lane))
  }

  async #walkOn(lane: OpenLane): Promise<void> {
    // Whoever was added while the one before it was at work has been done with that.
    if (lane.waiting.length === 0) return
    try {
      await this.#gate.within(1, async () => walkLane(this.#walk, lane, lane.waiting))
    } catch (error) {
      this.#failures.push(error)
      this.#stopped.resolve(undefined)
    }
  }

  /** The lanes in the order of their collectors, once all that was added is done. Rejects with what ended the first. */
  async end(): Promise<readonly Lane[]> {
    const lanes = [...this.#lanes.values()].filter(({ collectors }) => collectors.length > 0)
    await Promise.all(lanes.map(async ({ walked }) => walked))
    const unknown = this.#lanes.get(undefined)
    if (unknown !== undefined && !this.isStopped) await this.#walkOn(unknown)
    if (this.#failures.length > 0) throw this.#failures[0]
    return lanes.toSorted((left, right) => firstOf(left) - firstOf(right))
  }
}

/** Whose a collector is; undefined also where its credentials fail, which it tells itself when it is run. */
async function findAccountId(context: RunContext, { accountId }: Collector): Promise<string | undefined> {
  return accountId?.(context).catch(() => undefined)
}

/**
 * Does the step for each collector: those of one account in the order given, different accounts side by side, each as soon
 * as it is known. One that nobody knows for `patienceMs` holds up no other, and comes behind those of its account that have
 * begun; one whose account cannot be named comes last, because it may be of any of them. What is thrown ends what is under way at its next step, and is rethrown.
 */
export async function alongCollectors(
  context: RunContext,
  collectors: readonly Collector[],
  { step, patienceMs = PATIENCE_MS }: { readonly step: Step; readonly patienceMs?: number | undefined },
): Promise<readonly Lane[]> {
  const lanes = new OpenLanes(context, step, collectors.length)
  const opening = new WeightedGate(OPENED_AT_ONCE)
  const known = collectors.map(async (collector, index) => {
    const accountId = await opening.within(1, async () => findAccountId(context, collector))
    lanes.know(accountId)
    return () => lanes.add({ collector, index }, accountId)
  })
  const isOver = new AbortController()
  const patience = wait(patienceMs, undefined, { signal: isOver.signal }).catch(() => undefined)
  const late: Promise<void>[] = []
  for (const one of known) {
    // Each in its turn, so that the order stays as it was given.
    const begin = await Promise.race([one, patience, lanes.stopped])
    // Collectors of one account block become known together: before the first of them begins, all are.
    await turn()
    if (lanes.isStopped) break
    if (begin === undefined) late.push(one.then((beginLate) => beginLate()))
    else begin()
  }
  await Promise.race([Promise.all(late), lanes.stopped])
  isOver.abort()
  return lanes.end()
}
