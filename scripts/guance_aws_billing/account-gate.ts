import type { RunContext } from 'guance-aws-lambda/dff'
import { gatePer } from 'guance-aws-lambda/sets/guance_integration'

/** An account of a run, the same object for the same one. */
type Accounts = Map<string, object>

const accountsOfRun = new WeakMap<RunContext, Accounts>()
const gateOf = gatePer(1)

/**
 * Does the work for an account, behind what of the run already works for it: purse and checkpoints are loaded once and
 * counted on. The lanes keep collectors of one account apart too, but one whose account nobody could name in time runs
 * beside it.
 */
export async function alone<T>(context: RunContext, accountId: string, work: () => Promise<T>): Promise<T> {
  const accounts: Accounts = accountsOfRun.get(context) ?? new Map<string, object>()
  accountsOfRun.set(context, accounts)
  const owner = accounts.get(accountId) ?? {}
  accounts.set(accountId, owner)
  return gateOf(owner).within(1, work)
}
