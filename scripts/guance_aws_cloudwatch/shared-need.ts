/** What the accounts of a Startup script need of a poll, so that a limit over all of them is shared and not the first one's. */
import { type EpochMs, HOUR_MS, type Json, type RunContext } from 'guance-aws-lambda/dff'

interface Need {
  /** Billed metrics of a poll at the account's level. */
  readonly units: number
  readonly atMs: EpochMs
}

/** Longer than any interval between polls: an account of which nothing was heard for so long is not collected any more. */
const FORGOTTEN_MS = 2 * HOUR_MS

const needsOfRun = new WeakMap<RunContext, Promise<Map<string, Need>>>()

function keyOf(purse: string): string {
  return `needs/${purse}`
}

async function loadNeeds(context: RunContext, purse: string): Promise<Map<string, Need>> {
  // Written by noteNeed alone.
  const stored = (await context.load(keyOf(purse))) as unknown as Readonly<Record<string, Need>> | undefined
  const fresh = Object.entries(stored ?? {}).filter(
    ([, { atMs }]) => Math.abs(context.triggerTimeMs - atMs) < FORGOTTEN_MS,
  )
  return new Map(fresh)
}

/** One map for all accounts of a run: they note side by side. */
async function needsOf(context: RunContext, purse: string): Promise<Map<string, Need>> {
  const known = needsOfRun.get(context) ?? loadNeeds(context, purse)
  needsOfRun.set(context, known)
  return known
}

/** Billed metrics that the other accounts need of a poll, as of their last ones. */
export async function needOfOthers(
  context: RunContext,
  { accountId, purse }: { readonly accountId: string; readonly purse: string },
): Promise<number> {
  const needs = await needsOf(context, purse)
  return [...needs].reduce((sum, [id, { units }]) => (id === accountId ? sum : sum + units), 0)
}

/** Notes an account's need; the state to commit. */
export async function noteNeed(
  context: RunContext,
  { accountId, purse, units }: { readonly accountId: string; readonly purse: string; readonly units: number },
): Promise<Readonly<Record<string, Json>>> {
  const needs = await needsOf(context, purse)
  needs.set(accountId, { units, atMs: context.triggerTimeMs })
  return { [keyOf(purse)]: Object.fromEntries(needs) as unknown as Json }
}
