import {
  type Account,
  type Check,
  type EpochMs,
  HOUR_MS,
  type Organization as OrganizationConfig,
  type RunContext,
  validate,
} from 'guance-aws-lambda/dff'
import { describeAccess } from './access.ts'
import { needsTags, unitsOf } from './account-choice.ts'
import { parseAccount } from './account.ts'
import type { ActionProbe } from './action-probe.ts'
import { type AwsAccount, openAccount } from './aws-account.ts'
import { makeProblem } from './aws-error.ts'
import { type Backoff, SINGLE_ATTEMPT } from './backoff.ts'
import type { Collector } from './collector.ts'
import {
  LIST_ACCOUNTS,
  LIST_CHILD_ACCOUNTS,
  LIST_CHILD_UNITS,
  LIST_TAGS,
  listAccounts,
} from './list-accounts.ts'
import { memberAccount, roleArnOf, SOME_ACCOUNT } from './member-account.ts'
import { loadMembers, memberKey, type MemberListing, memberState } from './member-state.ts'
import { isFatal } from './region-run.ts'
import type { AccountSource } from './source.ts'

const NAME = 'Organization'

/** A new account has nothing in it at first, and a closed one says so itself. */
const RENEW_AFTER_MS = HOUR_MS

/** A list that could not be renewed for this long hides accounts that somebody is waiting for. */
const STALE_MS = 3 * HOUR_MS

/** What collects from one account; its `extra_tags.account_name` is the account's name in the organization. */
export type MakeCollectors = (account: Account) => Collector | readonly Collector[]

function probe(action: string, gives: string): ActionProbe {
  return { action, gives, send: async () => undefined }
}

/** What listing takes; more only as far as rules ask for it. */
function probesOf(organization: OrganizationConfig): readonly ActionProbe[] {
  const hasUnits = unitsOf(organization).length > 0
  return [
    probe(LIST_ACCOUNTS, 'accounts of the organization'),
    ...(hasUnits ? [probe(LIST_CHILD_ACCOUNTS, 'choice of accounts by organizational unit')] : []),
    ...(hasUnits ? [probe(LIST_CHILD_UNITS, 'choice of accounts by organizational unit')] : []),
    ...(needsTags(organization) ? [probe(LIST_TAGS, 'choice of accounts by tag')] : []),
  ]
}

/** Ids of one listing that the other one has not. */
function idsWithout(one: MemberListing, other: MemberListing): readonly string[] {
  const known = new Set(other.members.map(({ id }) => id))
  return one.members.flatMap(({ id }) => (known.has(id) ? [] : [id]))
}

function logChanges(context: RunContext, before: MemberListing, after: MemberListing): void {
  const added = idsWithout(after, before)
  const gone = idsWithout(before, after)
  const texts = [
    ...(added.length === 0 ? [] : [`new are ${added.join(', ')}`]),
    ...(gone.length === 0 ? [] : [`gone are ${gone.join(', ')}`]),
  ]
  if (texts.length > 0) context.log(`organization of ${after.accountId}: ${texts.join('; ')}`)
}

class OrganizationSource implements AccountSource {
  readonly kind = 'source'
  readonly name = NAME
  readonly #account: Account
  readonly #organization: OrganizationConfig
  readonly #make: MakeCollectors
  readonly #backoff: Backoff | undefined
  readonly #key: string

  constructor(account: Account, organization: OrganizationConfig, make: MakeCollectors, backoff?: Backoff) {
    this.#account = parseAccount(account)
    this.#organization = validate('organization', organization, 'organization')
    this.#make = make
    this.#backoff = backoff
    this.#key = memberKey(this.#account, this.#organization)
    const partition = this.#account.assume_role_arn?.split(':')[1] ?? 'aws'
    this.#collectorsOf(this.#memberOf({ ...SOME_ACCOUNT, partition }))
  }

  async find(context: RunContext): Promise<readonly Collector[]> {
    const before = await loadMembers(context, this.#key)
    const listing = before ?? (await this.#renew(context))
    const { members, active, listedAtMs } = listing
    const minutes = Math.round((context.triggerTimeMs - listedAtMs) / 60_000)
    context.log(
      `organization of ${listing.accountId}: collects from ${members.length} of ${active} active accounts, as listed ${minutes} minutes ago`,
    )
    return this.#collect(listing)
  }

  async load(context: RunContext): Promise<readonly Collector[]> {
    const listing = await loadMembers(context, this.#key)
    return listing === undefined ? [] : this.#collect(listing)
  }

  /** Behind the points of a run: what it finds counts from the next one on. */
  async later(context: RunContext): Promise<void> {
    const before = await loadMembers(context, this.#key)
    const ageMs = context.triggerTimeMs - (before?.listedAtMs ?? 0)
    // One of the future was made under a clock that was wrong.
    if (before === undefined || (ageMs >= 0 && ageMs < RENEW_AFTER_MS)) return
    try {
      const after = await this.#renew(context)
      logChanges(context, before, after)
    } catch (error) {
      context.signal.throwIfAborted()
      if (isFatal(error)) throw error
      const problem = makeProblem(error, `${before.accountId}/${NAME}`)
      context.log(
        `organization of ${before.accountId}: accounts stay as they were listed: ${problem.message}`,
      )
      if (ageMs > STALE_MS) this.#reportStale(context, { problem, ageMs })
    }
  }

  async doctor(context: RunContext): Promise<readonly Check[]> {
    const title = 'The accounts of the organization can be listed'
    try {
      const opened = await openAccount(context, this.#account, SINGLE_ATTEMPT)
      const { active, chosen } = await listAccounts(opened, this.#organization)
      const detail = `${chosen.length} of ${active} active accounts are collected from.`
      const status = chosen.length === 0 ? 'failed' : 'ok'
      const remedy = 'Change include and exclude: no account is left.'
      return [
        {
          id: `organization@${opened.accountId}`,
          status,
          title,
          detail,
          ...(status === 'ok' ? {} : { remedy }),
        },
      ]
    } catch (error) {
      context.signal.throwIfAborted()
      const { message, action } = makeProblem(error, NAME)
      const id = action === undefined ? `organization@${this.#key}` : `${action}@organization`
      const remedy = `Allow ${action ?? LIST_ACCOUNTS} to credentials of the management account or of a delegated administrator: AWS answers nobody else.`
      return [{ id, status: 'failed', title, detail: message, ...(action === undefined ? {} : { remedy }) }]
    }
  }

  async access(context: RunContext): ReturnType<AccountSource['access']> {
    const own = await describeAccess(context, this.#account, {
      regions: [],
      probes: probesOf(this.#organization),
    })
    const partition = await this.#findPartition(context)
    const member = this.#memberOf({ ...SOME_ACCOUNT, partition })
    const roleArn = roleArnOf(this.#organization, partition, '*')
    const parts = await Promise.all(
      this.#collectorsOf(member).map(async (one): Promise<typeof own | undefined> => one.access?.(context)),
    )
    return [
      own,
      ...parts.flatMap((part) => {
        if (part === undefined) return []
        const { accountId: _, ...rest } = part
        return [{ ...rest, title: roleArn, roleArn }]
      }),
    ]
  }

  #memberOf(member: Parameters<typeof memberAccount>[2]): Account {
    return memberAccount(this.#account, this.#organization, member)
  }

  #collectorsOf(account: Account): readonly Collector[] {
    const made = this.#make(account)
    return 'name' in made ? [made] : made
  }

  /** The account that lists is collected with its own credentials: roles of the others are made from there. */
  #collect({ members, accountId, partition }: MemberListing): readonly Collector[] {
    return members.flatMap((member) => {
      const isOwn = member.id === accountId
      const { extra_tags: tags = {} } = this.#account
      const own = { ...this.#account, extra_tags: { ...tags, account_name: member.name } }
      return this.#collectorsOf(isOwn ? own : this.#memberOf({ ...member, partition }))
    })
  }

  async #renew(context: RunContext): Promise<MemberListing> {
    const opened: AwsAccount = await openAccount(context, this.#account, this.#backoff)
    const { active, chosen } = await listAccounts(opened, this.#organization)
    const listing = {
      listedAtMs: context.triggerTimeMs,
      accountId: opened.accountId,
      partition: opened.partition,
      active,
      members: chosen,
    }
    await context.commit({ points: [], state: await memberState(context, this.#key, listing) })
    return listing
  }

  #reportStale(
    context: RunContext,
    { problem, ageMs }: { readonly problem: ReturnType<typeof makeProblem>; readonly ageMs: EpochMs },
  ): void {
    const hours = Math.round(ageMs / HOUR_MS)
    const message = `The list of the organization's accounts is ${hours} hours old, so that newer accounts are not collected yet. ${problem.message}`
    context.report({ ...problem, code: 'organization-stale', severity: 'warning', message })
  }

  async #findPartition(context: RunContext): Promise<string> {
    try {
      return (await openAccount(context, this.#account, SINGLE_ATTEMPT)).partition
    } catch {
      context.signal.throwIfAborted()
      return this.#account.assume_role_arn?.split(':')[1] ?? 'aws'
    }
  }
}

/**
 * All accounts of an AWS organization that are chosen, as they are when a run begins, each with the collectors that `make`
 * gives for it. `account` holds credentials of the management account or of a delegated administrator. Throws
 * BAD_PARAMETER at once, when the Startup script loads. `backoff` is for tests.
 */
export function Organization(
  account: Account,
  organization: OrganizationConfig,
  make: MakeCollectors,
  backoff?: Backoff,
): AccountSource {
  return new OrganizationSource(account, organization, make, backoff)
}
