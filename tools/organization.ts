/** A simulated organization, for the test and the bench of inventories: many accounts, regions and functions, of which some are not to be had, and what happens to them. */
import type { EpochMs } from '../core/time.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../core/time.ts'

export interface Organization {
  readonly accounts: number
  readonly regions: readonly string[]
  /** Of all accounts together. */
  readonly functions: number
  readonly startMs: EpochMs
  /** Every five minutes from the start, but for the last one, which comes an hour later: by then tags have been read again. */
  readonly polls: number
  /** Functions to which something happens between two polls, or during one. */
  readonly changesPerPoll: number
}

export const ORGANIZATION_REGIONS: readonly string[] = [
  'us-east-1',
  'eu-west-1',
  'ap-southeast-1',
  'us-west-2',
  'eu-central-1',
  'ap-northeast-1',
]

/** Named in the Startup script, and enabled in no account. */
export const DISABLED_REGION = 'me-south-1'

const POLL_MS = 5 * MINUTE_MS

/** What is taken over of AWS resource tags. */
export const RESOURCE_TAGS = ['team', 'stage'] as const

const FIRST_ID = 100_000_000_000

/** Accounts in the order of their ids. */
export function accountIdsOf({ accounts }: Pick<Organization, 'accounts'>): readonly string[] {
  return Array.from({ length: accounts }, (_, index) => String(FIRST_ID + 1_111 * index))
}

/** Accounts that AWS refuses something, or everything. */
interface Refusals {
  /** Its role does not let the collector in. */
  readonly closed: string
  /** Its functions must not be listed. */
  readonly unlisted: string
  /** Its tags must not be read. */
  readonly untagged: string
}

/** The last three accounts. */
export function refusalsOf(organization: Pick<Organization, 'accounts'>): Refusals {
  const [closed = '', unlisted = '', untagged = ''] = accountIdsOf(organization).slice(-3)
  return { closed, unlisted, untagged }
}

function denying(action: string): object {
  const statement = { Resource: '*' }
  return {
    Statement: [
      { ...statement, Effect: 'Allow', Action: '*' },
      { ...statement, Effect: 'Deny', Action: action },
    ],
  }
}

/** What the control call `iam` is told for the refusals to be there. */
export function policiesOf(organization: Pick<Organization, 'accounts'>): readonly object[] {
  const { closed, unlisted, untagged } = refusalsOf(organization)
  return [
    { accountId: closed, externalId: 'another' },
    { accountId: unlisted, role: denying('lambda:ListFunctions') },
    { accountId: untagged, role: denying('tag:GetResources') },
  ]
}

/** The simulator's fleet: a tenth works, and a tenth has names that every region of every account has. */
export function fleetOf(organization: Organization): object {
  const { accounts, regions, functions, startMs } = organization
  const usual = { timeoutSec: [3, 10, 30], perMin: [0.5, 2] }
  return {
    seed: 5,
    functions: Math.round(functions / accounts),
    regions,
    accountIds: accountIdsOf(organization),
    now: new Date(startMs).toISOString(),
    since: new Date(startMs - 30 * MINUTE_MS).toISOString(),
    changes: changesOf(organization),
    groups: [
      { ...usual, name: 'quiet', share: 0.8, activity: 'idle' },
      { ...usual, name: 'busy', share: 0.1 },
      { ...usual, name: 'worker', share: 0.1, activity: 'idle', namesakes: true },
    ],
  }
}

/** Values that a careless encoder or key would break at. */
const HOSTILE = ['中文 队', 'a="b", c=d', 'x\ty', '__proto__', "Robert'); DROP TABLE--", '🦄'.repeat(200)]

/** A change as the control API takes it. */
type OrganizationChange = {
  readonly accountId: string
  readonly index: number
  readonly atMs: EpochMs
} & (
  | { readonly kind: 'create' | 'delete' | 'code' | 'environment' }
  | { readonly kind: 'memory'; readonly memoryMb: number }
  | { readonly kind: 'tag'; readonly key: string; readonly value: string }
)

/** Where in a poll a change falls: long before the next one, or while this one lists. */
const OFFSETS_MS = [0.2 * SECOND_MS, SECOND_MS, 3 * SECOND_MS, 2 * MINUTE_MS]

function kindsOf(nth: number): readonly object[] {
  const tag = { kind: 'tag', key: 'team', value: HOSTILE[nth % HOSTILE.length] }
  const kinds: readonly (readonly object[])[] = [
    [{ kind: 'code' }],
    [{ kind: 'memory', memoryMb: 2_048 + nth }],
    [{ kind: 'create' }],
    [{ kind: 'delete' }],
    [{ kind: 'environment' }],
    [tag],
    [{ kind: 'create' }, { kind: 'memory', memoryMb: 3_000 }],
    [{ kind: 'code' }, tag],
  ]
  return kinds[nth % kinds.length] ?? []
}

/** When the organization is polled. */
export function pollTimesOf({ startMs, polls }: Pick<Organization, 'startMs' | 'polls'>): readonly EpochMs[] {
  return Array.from(
    { length: polls },
    (_, poll) => startMs + poll * POLL_MS + (poll === polls - 1 ? HOUR_MS : 0),
  )
}

/** What happens from the second poll on until the last, each to another function: the first has seen none of it, the last all. */
function changesOf(organization: Organization): readonly OrganizationChange[] {
  const { accounts, functions, startMs, polls, changesPerPoll } = organization
  const ids = accountIdsOf(organization)
  const perAccount = Math.round(functions / accounts)
  const count = Math.min((polls - 2) * changesPerPoll, functions)
  return Array.from({ length: count }, (_, nth) => {
    const place = { accountId: ids[nth % accounts] ?? '', index: Math.floor(nth / accounts) % perAccount }
    const poll = Math.floor(nth / changesPerPoll)
    const atMs = startMs + (1 + poll) * POLL_MS + (OFFSETS_MS[nth % OFFSETS_MS.length] ?? 0)
    // A step apart: two changes of one instant would be one revision.
    return kindsOf(nth).map(
      (kind, step) => ({ ...place, ...kind, atMs: atMs + step * SECOND_MS }) as OrganizationChange,
    )
  }).flat()
}

/** What the Startup script has in place of one account: all of them, each by its role. */
export function editStartup(text: string, organization: Organization, externalId: string): string {
  const regions = [...organization.regions, DISABLED_REGION]
  const edits: readonly (readonly [RegExp, string])[] = [
    [
      /regions: \[[^\]]*\],/,
      `regions: ${JSON.stringify(regions)},\n  object_name: 'arn',\n  resource_tags: ${JSON.stringify(RESOURCE_TAGS)},`,
    ],
    [/metrics: \[[^\]]*\],/, `metrics: ['Invocations', 'Errors'],`],
    [/ {2}targets: \[/, `  object_tags: ${JSON.stringify(['Runtime', ...RESOURCE_TAGS])},\n  targets: [`],
    [
      /Runner\(\[[^\]]*\]\)/,
      `Runner(${JSON.stringify(accountIdsOf(organization))}.flatMap((id) => {
    const each = { ...account, assume_role_arn: \`arn:aws:iam::\${id}:role/guance-collector\`, external_id: ${JSON.stringify(externalId)}, extra_tags: { account_name: \`account \${id}\` } }
    return [LambdaCollector(each, collectorConfigs), CloudwatchCollector(each, cloudwatchConfigs)]
  }))`,
    ],
  ]
  return edits.reduce((edited, [pattern, by]) => {
    if (!pattern.test(edited)) throw new Error(`the Startup script has nothing like ${pattern.source}`)
    return edited.replace(pattern, () => by)
  }, text)
}
