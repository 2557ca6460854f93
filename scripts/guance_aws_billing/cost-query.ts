import type { BillingConfigs } from 'guance-aws-lambda/dff'

/** What Cost Explorer groups by; it takes two at most (aws.md §5). */
export interface GroupKey {
  readonly Type: 'DIMENSION' | 'TAG' | 'COST_CATEGORY'
  readonly Key: string
}

export type CostName = NonNullable<BillingConfigs['cost']>

/** One question that is asked every day. */
export interface CostQuery {
  /** Names its state; another one for whatever else would mix sums. */
  readonly id: string
  readonly cost: CostName
  /** Value of the tag `grouping`. */
  readonly grouping: string
  readonly groupBy: readonly GroupKey[]
  /** The one linked account it is limited to; without it the first key of the groups is the account. */
  readonly accountId?: string
  /** The one service it is limited to. */
  readonly service?: string
  /** Asked of the API that knows resources, where that was enabled (aws.md §5). */
  readonly isByResource?: true
  /** What AWS writes before the value of a tag or a category: `team$payments`. */
  readonly valuePrefix?: string
}

/** The grouping whose sums are the bill. */
const CANONICAL = 'service_usage'

const ACCOUNT_KEY: GroupKey = { Type: 'DIMENSION', Key: 'LINKED_ACCOUNT' }
const SERVICE_KEYS: readonly GroupKey[] = [
  { Type: 'DIMENSION', Key: 'SERVICE' },
  { Type: 'DIMENSION', Key: 'USAGE_TYPE' },
]

/** Costs by service and usage type of one linked account. */
export function canonicalQuery(cost: CostName, accountId: string): CostQuery {
  const id = `${cost}/${CANONICAL}/${accountId}`
  return { id, cost, grouping: CANONICAL, groupBy: SERVICE_KEYS, accountId }
}

/** The grouping whose lines are Lambda functions. */
export const BY_FUNCTION = 'function'

export const LAMBDA_SERVICE = 'AWS Lambda'

/** Costs of Lambda by function, of the account itself. */
export function functionQuery(cost: CostName, accountId: string): CostQuery {
  const groupBy: readonly GroupKey[] = [{ Type: 'DIMENSION', Key: 'RESOURCE_ID' }]
  const id = `${cost}/${BY_FUNCTION}/${accountId}`
  return { id, cost, grouping: BY_FUNCTION, groupBy, accountId, service: LAMBDA_SERVICE, isByResource: true }
}

type Grouping = NonNullable<BillingConfigs['groupings']>[number]

function groupingQuery(cost: CostName, grouping: Grouping): CostQuery {
  const isTag = 'tag' in grouping
  const key = isTag ? grouping.tag : grouping.cost_category
  const name = `${isTag ? 'tag' : 'cost_category'}:${key}`
  return {
    id: `${cost}/${name}`,
    cost,
    grouping: name,
    groupBy: [ACCOUNT_KEY, { Type: isTag ? 'TAG' : 'COST_CATEGORY', Key: key }],
    valuePrefix: `${key}$`,
  }
}

/** All questions of a day: one for each linked account, and one for each other grouping over all of them. */
export function listQueries(
  { cost = 'BlendedCost', groupings = [] }: BillingConfigs,
  accountIds: readonly string[],
): readonly CostQuery[] {
  return [
    ...accountIds.map((accountId) => canonicalQuery(cost, accountId)),
    ...groupings.map((grouping) => groupingQuery(cost, grouping)),
  ]
}
