import { type EpochMs, HOUR_MS, type Json, type RunContext } from 'guance-aws-lambda/dff'
import { AwsFailure, type AwsAccount, type AwsRegion } from 'guance-aws-lambda/sets/guance_integration'
import { listOwners } from './list-series.ts'
import type { CompiledConfigs, NamespaceTarget } from './targets.ts'

/** Accounts are linked by hand: an hour until one is found is soon enough. */
const RENEW_AFTER_MS = HOUR_MS

interface Owners {
  readonly atMs: EpochMs
  readonly ids: readonly string[]
}

/** Whose metrics are read, and with what: the credentials stay those of the account that is asked. */
export interface OwnedRegion {
  readonly account: AwsAccount
  readonly region: AwsRegion
}

/** One namespace in one region. */
interface Where {
  readonly scope: string
  readonly namespace: string
}

function stateKey({ scope, namespace }: Where): string {
  return `linked/${scope}/${namespace}`
}

async function loadOwners(context: RunContext, where: Where): Promise<Owners | undefined> {
  // Written by findOwners alone.
  return (await context.load(stateKey(where))) as unknown as Owners | undefined
}

/** Lists who owns the metrics that the account sees, at most once an hour; what was found before counts when that fails. */
async function findOwners(context: RunContext, { account, region }: OwnedRegion, namespace: string) {
  const where = { scope: region.scope, namespace }
  const before = await loadOwners(context, where)
  const ageMs = context.triggerTimeMs - (before?.atMs ?? 0)
  if (before !== undefined && ageMs >= 0 && ageMs < RENEW_AFTER_MS) return before.ids
  try {
    const found = await listOwners(region, namespace)
    const ids = [...found].filter((id) => id !== account.accountId).toSorted()
    const owners: Owners = { atMs: context.triggerTimeMs, ids }
    await context.commit({ points: [], state: { [stateKey(where)]: owners as unknown as Json } })
    return ids
  } catch (error) {
    if (before === undefined || !(error instanceof AwsFailure)) throw error
    context.log(`${region.scope}: linked accounts stay ${before.ids.join(', ') || 'none'}: ${error.message}`)
    return before.ids
  }
}

/** The same region as another account's: its tags are not this account's, and its state lies under its own id. */
function asOwner({ account, region }: OwnedRegion, owner: string): OwnedRegion {
  const { account_id: _id, account_name: _name, ...tags } = account.account.extra_tags ?? {}
  return {
    account: { ...account, accountId: owner, account: { ...account.account, extra_tags: tags } },
    region: { ...region, scope: `${owner}/${region.region}`, owner },
  }
}

/** What makes a region one to collect from: metrics of these namespaces, those of linked accounts where they are read too. */
export function soughtMetrics({ configs, namespaces }: CompiledConfigs): {
  readonly namespaces: readonly string[]
  readonly isLinked: boolean
} {
  const isLinked = configs.linked_accounts !== undefined
  return { namespaces: namespaces.map(({ namespace }) => namespace), isLinked }
}

/** A region as the account's own, and as that of each account that is linked to it. Throws AwsFailure. */
export async function ownedRegions(
  context: RunContext,
  own: OwnedRegion,
  { configs }: CompiledConfigs,
  { namespace }: Pick<NamespaceTarget, 'namespace'>,
): Promise<readonly OwnedRegion[]> {
  const { linked_accounts: linked } = configs
  if (linked === undefined) return [own]
  const ids = linked === 'auto' ? await findOwners(context, own, namespace) : linked
  return [own, ...ids.filter((id) => id !== own.account.accountId).map((id) => asOwner(own, id))]
}

/** Ids of the account and of those linked to it, from state alone. */
export async function loadOwnerIds(
  context: RunContext,
  { accountId, region, namespace }: { accountId: string; region: string; namespace: string },
  { configs }: CompiledConfigs,
): Promise<readonly string[]> {
  const { linked_accounts: linked = [] } = configs
  const where = { scope: `${accountId}/${region}`, namespace }
  const ids = linked === 'auto' ? ((await loadOwners(context, where))?.ids ?? []) : linked
  return [...new Set([accountId, ...ids])]
}
