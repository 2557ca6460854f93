import { createHash } from 'node:crypto'
import type { Point, SinkTraits } from 'guance-aws-lambda/dff'
import { formatAmount, toNumber } from './amount.ts'
import type { Change } from './book.ts'
import { BY_FUNCTION, type CostQuery, LAMBDA_SERVICE } from './cost-query.ts'
import { dayStartMs } from './day.ts'

/** Upstream's (guance.md §5.3). */
export const MEASUREMENT = 'cloud_billing'

/** Letters of a billing id: enough that two lines never share one. */
const ID_LENGTH = 24

/** What of a group became which tags, and whose it is. */
interface Described {
  readonly accountId: string
  readonly tags: Readonly<Record<string, string>>
  readonly title: string
}

/** What all lines of an account's run share. */
export interface Labels {
  readonly partition: string
  /** The account whose credentials read the bill. */
  readonly payerId: string
  readonly payerName: string
  readonly cloudProvider: string
  readonly extraTags: Readonly<Record<string, string>>
  /** Names of linked accounts, as AWS tells them. */
  readonly accountNames: ReadonlyMap<string, string>
  readonly rewrite: SinkTraits['rewrite']
}

/** What every line is about, besides its amount. */
export interface CostLine extends Change {
  readonly cost: string
  readonly grouping: string
  readonly accountId: string
  readonly tags: Readonly<Record<string, string>>
  readonly title: string
  readonly isEstimate: boolean
}

/** Upstream's key with its slip, which its dashboards are built on, and the right one beside it. */
function instanceTags(instanceId: string): Readonly<Record<string, string>> {
  return { intance_id: instanceId, instance_id: instanceId }
}

function describeCanonical(accountId: string, [service = '', usageType = '']: readonly string[]): Described {
  const product = { product_code: service, product_name: service }
  const tags = { ...product, usage_type: usageType, ...instanceTags(usageType) }
  return { accountId, tags, title: `${service}, ${usageType}` }
}

function describeGroup({ valuePrefix = '', grouping }: CostQuery, keys: readonly string[]): Described {
  const [accountId = '', raw = ''] = keys
  const value = raw.startsWith(valuePrefix) ? raw.slice(valuePrefix.length) : raw
  // An empty tag is no tag on the wire, and what nobody tagged is the line that is looked for.
  const group = value === '' ? '(none)' : value
  return { accountId, tags: { group, ...instanceTags(group) }, title: `${grouping} ${group}` }
}

/** A function by its ARN; whatever else Lambda's costs are put under has its own word. */
function describeFunction(accountId: string, [resource = '']: readonly string[]): Described {
  const [, , , region = '', , , name = ''] = resource.split(':')
  const product = { product_code: LAMBDA_SERVICE, product_name: LAMBDA_SERVICE }
  const place = name === '' ? {} : { FunctionName: name, RegionId: region }
  const tags = { ...product, ...place, ...instanceTags(resource) }
  return { accountId, tags, title: `${LAMBDA_SERVICE}, ${name === '' ? resource : name}` }
}

function describe(query: CostQuery, keys: readonly string[]): Described {
  const { grouping, accountId } = query
  if (accountId === undefined) return describeGroup(query, keys)
  return grouping === BY_FUNCTION ? describeFunction(accountId, keys) : describeCanonical(accountId, keys)
}

/** The line that stands for a changed group of a question. */
export function makeCostLine(query: CostQuery, change: Change, isEstimate: boolean): CostLine {
  const { cost, grouping } = query
  return { ...change, cost, grouping, isEstimate, ...describe(query, change.keys) }
}

function billingIdOf({ partition }: Labels, { accountId, cost, grouping, day, keys }: CostLine): string {
  const identity = JSON.stringify([partition, accountId, cost, grouping, day, keys])
  return createHash('sha256').update(identity).digest('hex').slice(0, ID_LENGTH)
}

function accountTags(labels: Labels, accountId: string): Record<string, string> {
  const { payerId, payerName, accountNames, extraTags, cloudProvider } = labels
  const { account_name: _name, account_id: _id, ...others } = extraTags
  const name = accountId === payerId ? payerName : (accountNames.get(accountId) ?? accountId)
  return {
    ...others,
    cloud_provider: cloudProvider,
    account_id: accountId,
    account_name: name,
    payer_account_id: payerId,
  }
}

/**
 * A line of the bill. Where the store lets the newer line win, each revision has the day's beginning for its time and
 * replaces the one before; elsewhere it comes so many milliseconds later, so that the last one is the newest.
 */
export function makeCostPoint(labels: Labels, line: CostLine): Point {
  const { day, units, changeUnits, currency, revision, isEstimate, cost, grouping, accountId, title } = line
  const text = `${day} ${accountId} ${title}: ${formatAmount(units)} ${currency}`
  return {
    category: 'logging',
    measurement: MEASUREMENT,
    tags: {
      ...accountTags(labels, accountId),
      ...line.tags,
      billing_id: billingIdOf(labels, line),
      billing_date: day,
      grouping,
      cost_type: cost,
      currency,
    },
    fields: {
      amount: toNumber(units),
      amount_change: toNumber(changeUnits),
      revision: BigInt(revision),
      is_estimate: isEstimate,
      message: revision === 1 ? text : `${text} (revision ${revision})`,
      status: 'info',
    },
    timeMs: dayStartMs(day) + (labels.rewrite === 'last' ? 0 : revision - 1),
  }
}
