import type { Json, Point } from 'guance-aws-lambda/dff'
import { AwsFailure, type RegionResult } from 'guance-aws-lambda/sets/guance_integration'
import { allocate, type FunctionUsage } from './allocate.ts'
import type { BillingRun } from './billing-run.ts'
import { bookState, type Change, loadBooks, noteGone, noteRows } from './book.ts'
import { type Labels, makeCostLine, makeCostPoint } from './cost-point.ts'
import { type CostQuery, functionQuery } from './cost-query.ts'
import { addDays, type Day } from './day.ts'
import { isWaiting, keepFailure, reportWaiting } from './failure.ts'
import { fetchUsage } from './function-usage.ts'
import { placeOf } from './place.ts'
import { readQuery } from './read-query.ts'
import { endListing, isRefused, loadReading, readingState } from './reading.ts'
import { listDueDays, type SharedDay, sharedState } from './shared-day.ts'

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

/** Shares under way: whose question, under which labels. */
interface Sharing {
  readonly run: BillingRun
  readonly query: CostQuery
  readonly labels: Labels
}

/**
 * The shares of one day with its book and its digest: one commit, because those of very many functions and days come
 * near what a task may hold and the host takes at once (64 MiB), and a kill loses none of the days before.
 */
async function commitDay(
  { run, query, labels }: Sharing,
  shared: SharedDay,
  usages: readonly FunctionUsage[],
): Promise<number> {
  const { context, account, today } = run
  const { day, lines, currency } = shared
  const place = placeOf(context, account.accountId, query.id)
  const reading = await loadReading(context, account.accountId, query.id)
  const number = reading.number + 1
  const book = (await loadBooks(context, place, [day])).get(day) ?? {}
  const shares = allocate(lines, usages, account.partition)
  const rows = [...shares].map(([key, units]) => ({ day, keys: [key], units, currency }))
  const noted = noteRows(book, rows, number)
  const missing = noteGone(day, noted.book, number)
  const changes: readonly Change[] = [...noted.changes, ...missing.changes]
  const points: Point[] = changes.map((change) => makeCostPoint(labels, makeCostLine(query, change, true)))
  const state: Record<string, Json> = {
    ...(await sharedState(run, place, shared)),
    ...bookState(place, new Map([[day, missing.book]])),
    ...readingState(place, { ...endListing(reading, reading.day ?? today), number }),
  }
  await context.commit({ points, state })
  return points.length
}

async function commitShares(sharing: Sharing, due: readonly SharedDay[]): Promise<number> {
  const usages = await fetchAllUsage(sharing.run, due)
  let points = 0
  for (const shared of due) {
    // One after the other: each has its place in the same state.
    points += await commitDay(sharing, shared, usages.get(shared.day) ?? [])
  }
  return points
}

async function shareByMetrics(run: BillingRun, query: CostQuery, labels: Labels): Promise<RegionResult> {
  const { context, account } = run
  const { accountId } = account
  const scope = `${accountId}/${query.id}`
  const due = await listDueDays(run, query)
  if (due.length === 0) return { kind: 'collected', scope, points: 0 }
  const reading = await loadReading(context, accountId, query.id)
  if (isWaiting(reading, run.nowMs)) {
    reportWaiting(context, scope, reading)
    return { kind: 'degraded', scope, points: 0 }
  }
  try {
    const points = await commitShares({ run, query, labels }, due)
    context.log(`${scope}: costs of ${due.length} days shared out, ${points} lines`)
    return { kind: 'collected', scope, points }
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error
    const place = placeOf(context, accountId, query.id)
    return keepFailure(run, { place, scope, reading }, error)
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
