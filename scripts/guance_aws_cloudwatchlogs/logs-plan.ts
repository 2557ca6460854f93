import { type CostPlan, NO_COST, type PlannedRequests, type PlanQuestion } from 'guance-aws-lambda/dff'
import { AwsFailure, type AwsRegion, planRegions } from 'guance-aws-lambda/sets/guance_integration'
import { FILTER_EVENTS } from './filter-events.ts'
import { gatherGroups, listKnown } from './group-list.ts'
import { LIST_FUNCTIONS, listingEveryMs } from './list-functions.ts'
import { MarkBook } from './mark-book.ts'
import { LIST_METRICS, listRecent, type Recent } from './recent-functions.ts'
import type { LogsRun } from './region-logs.ts'
import { SliceWriter } from './slice-writer.ts'
import { isActive } from './turns.ts'

const NOBODY: Recent = { names: new Set(), pages: 0 }

/** As a poll asks: without an answer groups are looked at in turn. */
async function planRecent(region: AwsRegion): Promise<Recent> {
  try {
    return await listRecent(region)
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error
    return NOBODY
  }
}

/** One page a group at least; how many more is up to what is written, and nobody can list that. */
async function planRegion(
  { context, targets, autoRegions, options }: LogsRun,
  region: AwsRegion,
  { intervalMs }: PlanQuestion,
): Promise<CostPlan> {
  const isAuto = autoRegions.includes(region.region)
  const hasNamed = targets.named.has(region.region)
  const writer = new SliceWriter(context)
  const { listing } = isAuto ? await listKnown(context, region, { writer, hasNamed }) : { listing: undefined }
  const groups = gatherGroups(targets, region, listing?.functions ?? [])
  const marks = await MarkBook.load(context, region.scope)
  const recent = isAuto ? await planRecent(region) : NOBODY
  const nowMs = context.triggerTimeMs
  const active = groups.filter((group) =>
    isActive(group, marks.markOf(group), { nowMs, recent: recent.names }),
  )
  const idle = groups.length - active.length
  const where = { accountId: region.accountId, region: region.region, every: 'poll' } as const
  const requests: PlannedRequests[] = [
    { ...where, api: FILTER_EVENTS, rule: 'logs', requests: active.length },
    { ...where, api: FILTER_EVENTS, rule: 'idle', requests: (idle * intervalMs) / options.idleEveryMs },
  ]
  if (listing !== undefined) {
    const listings = Math.min(1, intervalMs / listingEveryMs(listing))
    requests.push(
      { ...where, api: LIST_FUNCTIONS, rule: 'listing', requests: listing.pages * listings },
      { ...where, api: LIST_METRICS, rule: 'listing', requests: recent.pages },
    )
  }
  return { ...NO_COST, requests: requests.filter((row) => row.requests > 0) }
}

/** What polls ask for: all of it free of charge at AWS but for ListMetrics. */
export async function planLogs(
  run: LogsRun,
  regions: readonly string[],
  question: PlanQuestion,
): Promise<CostPlan> {
  const { context, account } = run
  return planRegions({ context, account, regions }, async (region) => planRegion(run, region, question))
}
