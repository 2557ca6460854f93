import type { GetCostAndUsageCommandInput, GetCostAndUsageCommandOutput } from '@aws-sdk/client-cost-explorer'
import { readList, readText, readToken } from 'guance-aws-lambda/sets/guance_integration'
import { parseAmount } from './amount.ts'
import type { CostQuery } from './cost-query.ts'
import type { Day, Days } from './day.ts'

/** What one group cost on one day. */
export interface CostRow {
  readonly day: Day
  readonly keys: readonly string[]
  readonly units: bigint
  readonly currency: string
}

export interface CostPage {
  readonly rows: readonly CostRow[]
  /** Days of the page, and whether AWS still calls their costs an estimate. */
  readonly estimated: ReadonlyMap<Day, boolean>
  /** What AWS tells of values beside them: the names of linked accounts. */
  readonly descriptions: ReadonlyMap<string, string>
  readonly next: string | undefined
}

function dimension(Key: 'LINKED_ACCOUNT' | 'SERVICE', value: string) {
  return { Dimensions: { Key, Values: [value] } }
}

/** The request of a page. */
export function costInput(query: CostQuery, { from, to }: Days, token?: string): GetCostAndUsageCommandInput {
  const { cost, groupBy, accountId, service } = query
  const limits = [
    ...(accountId === undefined ? [] : [dimension('LINKED_ACCOUNT', accountId)]),
    ...(service === undefined ? [] : [dimension('SERVICE', service)]),
  ]
  const [first] = limits
  return {
    TimePeriod: { Start: from, End: to },
    Granularity: 'DAILY',
    Metrics: [cost],
    GroupBy: [...groupBy],
    ...(first === undefined ? {} : { Filter: limits.length === 1 ? first : { And: limits } }),
    ...(token === undefined ? {} : { NextPageToken: token }),
  }
}

const DAY = /^\d{4}-\d{2}-\d{2}/

interface ResultShape {
  readonly TimePeriod?: { readonly Start?: string }
  readonly Estimated?: unknown
  readonly Groups?: unknown
}

interface GroupShape {
  readonly Keys?: unknown
  readonly Metrics?: Readonly<
    Record<string, { readonly Amount?: unknown; readonly Unit?: unknown } | undefined>
  >
}

function readDay({ TimePeriod }: ResultShape): Day {
  const day = readText(TimePeriod?.Start)
  if (day === undefined || !DAY.test(day)) throw new SyntaxError('the reply has a result without its day')
  return day.slice(0, 10)
}

function readRow(day: Day, { Keys, Metrics }: GroupShape, cost: string): CostRow {
  const isKeys = Array.isArray(Keys) && Keys.every((key) => typeof key === 'string')
  if (!isKeys) throw new SyntaxError('the reply has a group without its keys')
  const { Amount, Unit } = Metrics?.[cost] ?? {}
  const units = typeof Amount === 'string' ? parseAmount(Amount) : undefined
  // A cost that cannot be read must not pass for none.
  if (units === undefined) throw new SyntaxError(`the reply has a ${cost} that is no decimal number`)
  return { day, keys: Keys, units, currency: readText(Unit) ?? 'USD' }
}

interface Attribute {
  readonly Value?: string
  readonly Attributes?: Readonly<Record<string, unknown>>
}

function readDescriptions(value: unknown): Map<string, string> {
  const list = value === undefined ? [] : readList<Attribute>(value, 'attributes', ['Value'])
  const pairs = list.flatMap(({ Value, Attributes }) => {
    const description = readText(Attributes?.['description'])
    return Value === undefined || description === undefined ? [] : [[Value, description] as const]
  })
  return new Map(pairs)
}

/** A reply of Cost Explorer, checked; throws SyntaxError for one that is none. */
export function readCostPage(
  reply: Partial<GetCostAndUsageCommandOutput>,
  cost: string,
  givenToken?: string,
): CostPage {
  const results = readList<ResultShape>(reply.ResultsByTime, 'results', [])
  const rows: CostRow[] = []
  const estimated = new Map<Day, boolean>()
  for (const result of results) {
    const day = readDay(result)
    estimated.set(day, result.Estimated === true)
    const groups = readList<GroupShape>(result.Groups ?? [], 'groups', [])
    for (const group of groups) rows.push(readRow(day, group, cost))
  }
  return {
    rows,
    estimated,
    descriptions: readDescriptions(reply.DimensionValueAttributes),
    next: readToken(reply.NextPageToken, givenToken),
  }
}
