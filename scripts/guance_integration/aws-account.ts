import type { Account, Json, RunContext } from 'guance-aws-lambda/dff'
import { checkAccountId } from './account.ts'
import { type AwsClock, makeAwsClock } from './aws-clock.ts'
import { type AwsRegion, makeAwsRegion } from './aws-region.ts'
import { type Backoff, DEFAULT_BACKOFF } from './backoff.ts'
import { TaskCredentials } from './task-credentials.ts'

/** Upstream's samples say `aws`, its notes say `AWS` (guance.md §3.3); dashboards are built on the samples. */
export const DEFAULT_CLOUD_PROVIDER = 'aws'

/** An account with valid credentials, for the length of one run. */
export interface AwsAccount {
  readonly account: Account
  readonly accountId: string
  readonly arn: string
  readonly partition: string
  /** The same object for the same region, whichever collector asks. */
  region(name: string): AwsRegion
  /** Closes the clients of all regions; those asked for later are new ones. */
  release(): void
}

interface Accounts {
  /** By what the Startup script says of them; some may still be waited for. */
  readonly asked: Map<string, Promise<AwsAccount>>
  readonly opened: AwsAccount[]
}

/** Shared by all collectors of a run and gone with it. */
const accountsOfRun = new WeakMap<RunContext, Accounts>()

async function makeAwsAccount(context: RunContext, account: Account, backoff: Backoff): Promise<AwsAccount> {
  const credentials = await TaskCredentials.open(context, account)
  checkAccountId(account, credentials.session)
  const { accountId, arn, partition } = credentials.session
  const clock: AwsClock = makeAwsClock({ scope: accountId, report: (problem) => context.report(problem) })
  const regions = new Map<string, AwsRegion>()
  return {
    account,
    accountId,
    arn,
    partition,
    region: (name) => {
      const known = regions.get(name)
      if (known !== undefined) return known
      const made = makeAwsRegion({ context, accountId, region: name, clock, credentials, backoff })
      regions.set(name, made)
      return made
    },
    release: () => {
      for (const region of regions.values()) region.release()
      regions.clear()
    },
  }
}

/** Gets credentials from the host, once per account and run; throws what the host's broker throws, or BAD_PARAMETER. */
export async function openAccount(
  context: RunContext,
  account: Account,
  backoff: Backoff = DEFAULT_BACKOFF,
): Promise<AwsAccount> {
  const accounts: Accounts = accountsOfRun.get(context) ?? { asked: new Map(), opened: [] }
  accountsOfRun.set(context, accounts)
  const key = JSON.stringify(account)
  const known = accounts.asked.get(key)
  if (known !== undefined) return known
  const made = makeAwsAccount(context, account, backoff).then((one) => {
    accounts.opened.push(one)
    return one
  })
  accounts.asked.set(key, made)
  return made
}

/** Gives back what the clients of an account hold (10 MB and more with many regions), once a run is done with it. */
export function releaseAccount(context: RunContext, accountId: string): void {
  // Those that are still being opened hold nothing, and nobody is to wait for them.
  for (const one of accountsOfRun.get(context)?.opened ?? []) if (one.accountId === accountId) one.release()
}

function accountStateKey(account: Account): string {
  return `account/${account.assume_role_arn ?? account.ak_id ?? 'default-chain'}`
}

/** State by which `expected` finds the account's id later without asking AWS; goes into every slice. */
export function accountState({ account, accountId, arn }: AwsAccount): Readonly<Record<string, Json>> {
  // Who is collected through another account has none of his own: the block in the script is the other one's, and so is the id.
  const [, , , , askingId = accountId] = arn.split(':')
  return { [accountStateKey(account)]: askingId }
}

/** The id found by an earlier run, or undefined when nothing was ever collected. */
export async function loadAccountId(context: RunContext, account: Account): Promise<string | undefined> {
  const stored = await context.load(accountStateKey(account))
  return typeof stored === 'string' ? stored : undefined
}
