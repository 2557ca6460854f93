import { type Json, type Point, type RunContext } from 'guance-aws-lambda/dff'
import { AwsFailure, makeProblem, type RegionResult } from 'guance-aws-lambda/sets/guance_integration'
import { allocate, type FunctionUsage, type LambdaLine } from './allocate.ts'
import { type BillingRun, ruleOf } from './billing-run.ts'
import { type Book, bookState, type Change, loadBooks, noteGone, noteRows } from './book.ts'
import { type Labels, makeCostLine, makeCostPoint } from './cost-point.ts'
import { canonicalQuery, type CostQuery, functionQuery, LAMBDA_SERVICE } from './cost-query.ts'
import { addDays, type Day } from './day.ts'
import { isWaiting, noteFailure, reportWaiting } from './failure.ts'
import { fetchUsage } from './function-usage.ts'
import { readQuery } from './read-query.ts'
import { endListing, isRefused, loadReading, readingState } from './reading.ts'

/** How far back shares follow costs that change: a month, until its invoice is closed and was read. */
const SHARED_DAYS = 45

/** A day whose Lambda costs are to be shared out. */
interface SharedDay {
  readonly day: Day
  readonly currency: string
  readonly lines: readonly LambdaLine[]
  /** Of its lines: shares are made anew when they are others. */
  readonly digest: string
}

function sharesKey(accountId: string, queryId: string): string {
  return `billing/${accountId}/shared/${queryId}`
}

type Digests = Readonly<Record<Day, string>>

async function loadDigests(context: RunContext, key: string): Promise<Digests> {
  // Written by commitShares alone.
  return ((await context.load(key)) ?? {}) as Digests
}

function readDay(day: Day, book: Book): SharedDay {
  const entries = Object.entries(book).flatMap(([key, [units, currency]]) => {
    const [service = '', usageType = ''] = JSON.parse(key) as string[] // as noteRows wrote it
    return service === LAMBDA_SERVICE ? [{ usageType, units, currency }] : []
  })
  const sorted = entries.toSorted((one, other) => (one.usageType < other.usageType ? -1 : 1))
  return {
    day,
    currency: sorted[0]?.currency ?? 'USD',
    lines: sorted.map(({ usageType, units }) => ({ usageType, units: BigInt(units) })),
    digest: JSON.stringify(sorted.map(({ usageType, units }) => [usageType, units])),
  }
}

/**
 * Days whose costs are due to be shared out: behind the days that are read again daily, because each time CloudWatch is
 * asked anew, and those whose costs have changed since.
 */
async function listDueDays(run: BillingRun, query: CostQuery): Promise<readonly SharedDay[]> {
  const { context, account, configs, today, cost } = run
  const { accountId } = account
  const { rereadDays } = ruleOf(configs)
  const place = { accountId, queryId: canonicalQuery(cost, accountId).id }
  const digests = await loadDigests(context, sharesKey(accountId, query.id))
  const days = Array.from({ length: Math.max(0, SHARED_DAYS - rereadDays + 1) }, (_, index) =>
    addDays(today, -SHARED_DAYS + index),
  )
  const books = await loadBooks(context, place, days)
  return days
    .map((day) => readDay(day, books.get(day) ?? {}))
    .filter(
      ({ day, digest, lines }) =>
        digests[day] !== digest && (lines.length > 0 || Object.hasOwn(digests, day)),
    )
}

async function fetchAllUsage(run: BillingRun, due: readonly SharedDay[]): Promise<Map<Day, FunctionUsage[]>> {
  const { account, configs, today } = run
  const days = { from: due[0]?.day ?? today, to: addDays(due.at(-1)?.day ?? today, 1) }
  const usages = new Map<Day, FunctionUsage[]>()
  for (const name of configs.functions?.regions ?? []) {
    // One region after the other: all of them, or shares would be wrong.
    for (const [day, ofDay] of await fetchUsage(account.region(name), days)) {
      usages.set(day, [...(usages.get(day) ?? []), ...ofDay])
    }
  }
  return usages
}

/** The shares of the days, with the books in which they are kept: one commit. */
async function commitShares(
  { run, query, labels }: { readonly run: BillingRun; readonly query: CostQuery; readonly labels: Labels },
  due: readonly SharedDay[],
): Promise<number> {
  const { context, account, today } = run
  const { accountId } = account
  const usages = await fetchAllUsage(run, due)
  const place = { accountId, queryId: query.id }
  const reading = await loadReading(context, accountId, query.id)
  const number = reading.number + 1
  const books = new Map<Day, Book | undefined>(
    await loadBooks(
      context,
      place,
      due.map(({ day }) => day),
    ),
  )
  const changes: Change[] = []
  for (const { day, lines, currency } of due) {
    const shares = allocate(lines, usages.get(day) ?? [])
    const rows = [...shares].map(([key, units]) => ({ day, keys: [key], units, currency }))
    const noted = noteRows(books.get(day) ?? {}, rows, number)
    const gone = noteGone(day, noted.book, number)
    books.set(day, gone.book)
    changes.push(...noted.changes, ...gone.changes)
  }
  const oldest = addDays(today, -SHARED_DAYS)
  const before = await loadDigests(context, sharesKey(accountId, query.id))
  const kept = Object.entries(before).filter(([day]) => day >= oldest)
  for (const [day] of Object.entries(before)) if (day < oldest) books.set(day, undefined)
  const digests = {
    ...Object.fromEntries(kept),
    ...Object.fromEntries(due.map(({ day, digest }) => [day, digest])),
  }
  const points: Point[] = changes.map((change) => makeCostPoint(labels, makeCostLine(query, change, true)))
  const state: Record<string, Json> = {
    ...bookState(place, books),
    [sharesKey(accountId, query.id)]: digests,
    ...readingState(accountId, query.id, { ...endListing(reading, reading.day ?? today), number }),
  }
  await context.commit({ points, state })
  return points.length
}

async function shareByMetrics(run: BillingRun, query: CostQuery, labels: Labels): Promise<RegionResult> {
  const { context, account } = run
  const { accountId } = account
  const scope = `${accountId}/${query.id}`
  const due = await listDueDays(run, query)
  if (due.length === 0) return { kind: 'collected', scope, points: 0 }
  const reading = await loadReading(context, accountId, query.id)
  if (isWaiting(reading, context.triggerTimeMs)) {
    reportWaiting(context, scope, reading)
    return { kind: 'degraded', scope, points: 0 }
  }
  try {
    const points = await commitShares({ run, query, labels }, due)
    context.log(`${scope}: costs of ${due.length} days shared out, ${points} lines`)
    return { kind: 'collected', scope, points }
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error
    const noted = noteFailure(reading, error, context.triggerTimeMs)
    await context.commit({ points: [], state: readingState(accountId, query.id, noted) })
    const problem = makeProblem(error, scope)
    context.report(problem)
    return { kind: 'failed', scope, problem }
  }
}

function isWanted({ configs, context }: BillingRun): boolean {
  return configs.functions !== undefined && context.backfill === undefined
}

/** Costs of each function as Cost Explorer knows them. */
export async function readFunctions(run: BillingRun, labels: Labels): Promise<readonly RegionResult[]> {
  const { configs, cost, account } = run
  if (!isWanted(run) || configs.functions?.source === 'metrics') return []
  return [await readQuery(run, functionQuery(cost, account.accountId), labels)]
}

/** Where Cost Explorer does not know them, shares of the costs by service, as these were read last. */
export async function shareFunctions(run: BillingRun, labels: Labels): Promise<readonly RegionResult[]> {
  const { configs, cost, account, context, today } = run
  if (!isWanted(run)) return []
  const query = functionQuery(cost, account.accountId)
  if (configs.functions?.source !== 'metrics') {
    const reading = await loadReading(context, account.accountId, query.id)
    if (!isRefused(reading, today)) return []
  }
  return [await shareByMetrics(run, query, labels)]
}
