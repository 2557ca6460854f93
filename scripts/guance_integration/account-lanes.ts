import type { RunContext } from 'guance-aws-lambda/dff'
import { releaseAccount } from './aws-account.ts'
import type { Collector } from './collector.ts'
import { mapConcurrently } from './concurrency.ts'

/**
 * Accounts at work at the same time, each with `concurrency` regions: enough that 40 of them fit between two polls, few
 * enough that what each holds while it lists fits in the heap of a task.
 */
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
  readonly collectors: readonly Numbered[]
}

/** Whose a collector is; undefined also where its credentials fail, which it tells itself when it is run. */
async function findAccountId(context: RunContext, collector: Collector): Promise<string | undefined> {
  try {
    return await collector.accountId?.(context)
  } catch {
    context.signal.throwIfAborted()
    return undefined
  }
}

/** Puts collectors of one account behind each other, and so those that nobody can assign. */
export async function laneUp(
  context: RunContext,
  collectors: readonly Collector[],
): Promise<readonly Lane[]> {
  const ids = await mapConcurrently(collectors, ACCOUNTS_AT_ONCE, async (one) => findAccountId(context, one))
  const lanes = new Map<string | undefined, Numbered[]>()
  for (const [index, collector] of collectors.entries()) {
    const lane = lanes.get(ids[index])
    if (lane === undefined) lanes.set(ids[index], [{ collector, index }])
    else lane.push({ collector, index })
  }
  return [...lanes].map(([accountId, numbered]) => ({ accountId, collectors: numbered }))
}

/**
 * Goes through all lanes, several at once and each in its order. What is thrown ends the lanes under way at their next
 * step, and is rethrown. An account's clients go when its lane ends.
 */
export async function alongLanes(
  context: RunContext,
  lanes: readonly Lane[],
  step: (numbered: Numbered, lane: Lane) => Promise<void>,
): Promise<void> {
  let isStopped = false
  await mapConcurrently(lanes, ACCOUNTS_AT_ONCE, async (lane) => {
    try {
      for (const numbered of lane.collectors) {
        if (isStopped) return
        // One after the other: metrics take their tags from the objects collected before them.
        await step(numbered, lane)
      }
    } catch (error) {
      isStopped = true
      throw error
    } finally {
      if (lane.accountId !== undefined) await releaseAccount(context, lane.accountId)
    }
  })
}
