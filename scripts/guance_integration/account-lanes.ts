import type { RunContext } from 'guance-aws-lambda/dff'
import { releaseAccount } from './aws-account.ts'
import type { Collector } from './collector.ts'
import { mapConcurrently } from './concurrency.ts'

/** Accounts at work at the same time, each with `concurrency` regions: enough that 40 of them fit between two polls. */
export const ACCOUNTS_AT_ONCE = 8

/** A collector of a run, with its place in the order given. */
export interface Numbered {
  readonly collector: Collector
  readonly index: number
}

/** The collectors of one account, in the order given. */
export interface Lane {
  /** Undefined where nobody knows it: credentials cannot be had, or the collector has no account. */
  readonly accountId: string | undefined
  /** Whether the run is known to have no other account. */
  readonly isAlone: boolean
  readonly collectors: readonly Numbered[]
}

/** What is done for each collector. */
export type Step = (numbered: Numbered, lane: Lane) => Promise<void>

/** One way through all lanes. */
export interface Walk {
  readonly context: RunContext
  readonly step: Step
  isStopped: boolean
}

/**
 * Takes one after the other out of what waits, also what is added meanwhile. What is thrown ends other lanes of the walk at
 * their next step, and is rethrown. An account's clients go when its lane ends.
 */
export async function walkLane(walk: Walk, lane: Lane, waiting: Numbered[]): Promise<void> {
  try {
    for (let next = waiting.shift(); next !== undefined && !walk.isStopped; next = waiting.shift()) {
      walk.context.signal.throwIfAborted()
      // One after the other: metrics take their tags from the objects collected before them.
      await walk.step(next, lane)
    }
  } catch (error) {
    walk.isStopped = true
    throw error
  } finally {
    if (lane.accountId !== undefined) releaseAccount(walk.context, lane.accountId)
  }
}

/** Goes through all lanes, several at once and each in its order. */
export async function alongLanes(context: RunContext, lanes: readonly Lane[], step: Step): Promise<void> {
  const walk: Walk = { context, step, isStopped: false }
  await mapConcurrently(lanes, ACCOUNTS_AT_ONCE, async (lane) => walkLane(walk, lane, [...lane.collectors]))
}
