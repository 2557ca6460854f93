import { DAY_MS, type EpochMs } from '../../core/time.ts'
import { type BillLine, LAMBDA_SERVICE, refreshMs } from '../truth/billing.ts'
import { hashText } from '../truth/random.ts'
import { type Call, type Operation, makeToken, type Page, parseInput, readToken } from './call.ts'
import { type CostQuestion, type GroupBy, parseQuestion } from './cost-question.ts'
import { AwsError } from './error.ts'
import { partitionOf } from './identity.ts'

/** A request of Cost Explorer costs a cent, each page of it. */
const USD_PER_REQUEST = 0.01
/** Costs by resource are kept for so long. */
const RESOURCE_DAYS = 14
/** What AWS puts what belongs to no resource under. */
const NO_RESOURCE = 'NoResourceId'

/** What of Cost Explorer was paid for. */
export interface PaidRequests {
  /** Requests by day of the simulator's clock. */
  readonly byDay: Record<string, number>
  usd: number
  /** Pages that had been paid for before, and were asked for again in the same refresh. */
  repeated: number
  readonly pages: Set<string>
}

export function makePaidRequests(): PaidRequests {
  return { byDay: {}, usd: 0, repeated: 0, pages: new Set() }
}

/** One row of a reply: what a group costs in a period. */
interface Row {
  readonly startMs: EpochMs
  readonly keys: readonly string[]
  readonly units: number
}

type Line = BillLine & { readonly resourceId?: string }

function currencyOf(region: string): string {
  return { 'aws-cn': 'CNY', 'aws-eusc': 'EUR' }[partitionOf(region)] ?? 'USD'
}

function dayText(ms: EpochMs): string {
  return new Date(ms).toISOString().slice(0, 10)
}

/** Ten decimals, as AWS writes them, exact. */
function amountText(units: number): string {
  const digits = String(Math.abs(units)).padStart(11, '0')
  const text = `${digits.slice(0, -10)}.${digits.slice(-10)}`
  return units < 0 ? `-${text}` : text
}

function valueOf(line: Line, { type, key }: GroupBy): string {
  if (type === 'TAG') return `${key}$${key === 'team' ? line.team : ''}`
  if (type === 'COST_CATEGORY') return `${key}$${line.service === LAMBDA_SERVICE ? 'serverless' : 'rest'}`
  const values: Readonly<Record<string, string>> = {
    SERVICE: line.service,
    USAGE_TYPE: line.usageType,
    LINKED_ACCOUNT: line.accountId,
    RESOURCE_ID: line.resourceId ?? NO_RESOURCE,
  }
  return values[key] ?? ''
}

function isWanted(line: Line, { filter, except }: CostQuestion): boolean {
  const isOneOf = ([key, values]: readonly [string, readonly string[]]): boolean =>
    values.includes(valueOf(line, { type: 'DIMENSION', key }))
  return [...filter].every(isOneOf) && ![...except].some(isOneOf)
}

function periodOf(dayMs: EpochMs, { granularity, startMs }: CostQuestion): EpochMs {
  if (granularity === 'DAILY') return dayMs
  const day = new Date(dayMs)
  return Math.max(startMs, Date.UTC(day.getUTCFullYear(), day.getUTCMonth()))
}

/** All lines that the caller may see and asks for. */
function linesOf({ simulation, caller }: Call, question: CostQuestion): readonly BillLine[] {
  const { billing, clock } = simulation
  const lines: BillLine[] = []
  for (const accountId of billing.visibleTo(caller.identity.accountId)) {
    for (let dayMs = question.startMs; dayMs < question.endMs; dayMs += DAY_MS) {
      lines.push(...billing.linesAt(accountId, dayMs, clock.nowMs()))
    }
  }
  return lines
}

function groupRows(lines: readonly Line[], question: CostQuestion): readonly Row[] {
  const rows = new Map<string, { startMs: EpochMs; keys: readonly string[]; units: number }>()
  for (const line of lines) {
    if (!isWanted(line, question)) continue
    const startMs = periodOf(line.dayMs, question)
    const keys = question.groupBy.map((group) => valueOf(line, group))
    const id = JSON.stringify([startMs, keys])
    const row = rows.get(id) ?? { startMs, keys, units: 0 }
    row.units += line.units
    rows.set(id, row)
  }
  return [...rows.values()].toSorted((left, right) => left.startMs - right.startMs)
}

/** A page that is asked for is paid for, whatever becomes of its reply. */
function pay({ simulation }: Call, page: string): void {
  const { paid, clock } = simulation
  const day = dayText(clock.nowMs())
  paid.byDay[day] = (paid.byDay[day] ?? 0) + 1
  paid.usd = Math.round((paid.usd + USD_PER_REQUEST) * 100) / 100
  if (paid.pages.has(page)) paid.repeated += 1
  paid.pages.add(page)
}

/** A token is good for the refresh that it was made in; another one has other rows. */
function placeOf(token: string | undefined, question: string): number {
  if (token === undefined) return 0
  try {
    const place = readToken(token, question)
    if (typeof place === 'number') return place
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
  }
  throw new AwsError('expiredPage', 'The pagination token is invalid. Try again without a pagination token.')
}

function takeRows(call: Call, rows: readonly Row[], asked: string, token: string | undefined): Page<Row> {
  const start = placeOf(token, asked)
  const { pageRows } = call.simulation.billing.options
  const end = start + pageRows
  pay(call, `${asked} ${start}`)
  if (call.fault === 'emptyPage') return { items: [], next: makeToken(start, asked) }
  return { items: rows.slice(start, end), next: end < rows.length ? makeToken(end, asked) : undefined }
}

/** Every period of the question, on its last page those too in which nothing was spent. */
function periodsOf(question: CostQuestion, page: Page<Row>): readonly EpochMs[] {
  const periods = new Set(page.items.map(({ startMs }) => startMs))
  if (page.next === undefined) {
    for (let dayMs = question.startMs; dayMs < question.endMs; dayMs += DAY_MS)
      periods.add(periodOf(dayMs, question))
  }
  return [...periods].toSorted((left, right) => left - right)
}

function describe(call: Call, question: CostQuestion, page: Page<Row>): object {
  const { billing, clock } = call.simulation
  const Unit = currencyOf(call.caller.region)
  const ids = question.groupBy[0]?.key === 'LINKED_ACCOUNT' ? page.items.map(({ keys }) => keys[0] ?? '') : []
  return {
    GroupDefinitions: question.groupBy.map(({ type, key }) => ({ Type: type, Key: key })),
    ResultsByTime: periodsOf(question, page).map((startMs) => ({
      TimePeriod: { Start: dayText(startMs), End: dayText(startMs + DAY_MS) },
      Estimated: billing.isEstimate(startMs, clock.nowMs()),
      Total: {},
      Groups: page.items
        .filter((row) => row.startMs === startMs)
        .map(({ keys, units }) => ({
          Keys: keys,
          Metrics: Object.fromEntries(
            question.metrics.map((name) => [name, { Amount: amountText(units), Unit }]),
          ),
        })),
    })),
    DimensionValueAttributes: [...new Set(ids)].map((id) => ({
      Value: id,
      Attributes: { description: billing.nameOf(id) },
    })),
    ...(page.next === undefined ? {} : { NextPageToken: page.next }),
  }
}

function answer(call: Call, question: CostQuestion, rows: readonly Row[]): object {
  const { clock } = call.simulation
  const { token, filter, except, ...rest } = question
  const asked = JSON.stringify([
    { ...rest, filter: [...filter], except: [...except] },
    refreshMs(clock.nowMs()),
  ])
  return describe(call, question, takeRows(call, rows, asked, token))
}

/** ce:GetCostAndUsage. */
export const getCostAndUsage: Operation = (call) => {
  const question = parseQuestion(parseInput(call), call.simulation.clock.nowMs())
  return answer(call, question, groupRows(linesOf(call, question), question))
}

/** Lambda's lines by function: drawn shares, of which the first function takes what is left of each line. */
function byFunction(call: Call, lines: readonly BillLine[]): readonly Line[] {
  const { simulation, caller } = call
  const { accountId } = caller.identity
  const functions = simulation.options.regions.flatMap((region) =>
    simulation.truth.fleet
      .lambdas(accountId, region)
      .map(({ name }) => `arn:${partitionOf(region)}:lambda:${region}:${accountId}:function:${name}`),
  )
  const weights = functions.map((arn) => 1 + (hashText(arn) % 97))
  const all = weights.reduce((sum, weight) => sum + weight, 0)
  return lines.flatMap((line) => {
    if (line.service !== LAMBDA_SERVICE || line.accountId !== accountId || all === 0) return [line]
    const parts = weights.map((weight) => Math.floor((line.units * weight) / all))
    const left = line.units - parts.reduce((sum, part) => sum + part, 0)
    return functions.map((resourceId, index) => ({
      ...line,
      resourceId,
      units: (parts[index] ?? 0) + (index === 0 ? left : 0),
    }))
  })
}

/** ce:GetCostAndUsageWithResources: of the last 14 days, where it was enabled. */
export const getCostAndUsageWithResources: Operation = (call) => {
  const { billing, clock } = call.simulation
  const question = parseQuestion(parseInput(call), clock.nowMs())
  if (!billing.options.resources) {
    throw new AwsError('dataUnavailable', 'Resource-level data is not enabled for this account.')
  }
  if (question.startMs < clock.nowMs() - (RESOURCE_DAYS + 1) * DAY_MS) {
    throw new AwsError('validation', `start date must be within the last ${RESOURCE_DAYS} days`)
  }
  return answer(call, question, groupRows(byFunction(call, linesOf(call, question)), question))
}
