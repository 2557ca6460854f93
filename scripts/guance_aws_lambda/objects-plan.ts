import {
  type CostPlan,
  HOUR_MS,
  NO_COST,
  type PlannedRequests,
  type PlanQuestion,
} from 'guance-aws-lambda/dff'
import {
  type AwsRegion,
  planRegions,
  type Inventory,
  loadInventory,
} from 'guance-aws-lambda/sets/guance_integration'
import { OBJECT_CLASS } from './function-object.ts'
import { pollsPerListing } from './listing-due.ts'
import type { ObjectsRun } from './commit-objects.ts'
import { collectObjects } from './region-objects.ts'

/** How many functions there are, and their timeouts, hardly change within it. */
const FRESH_MS = HOUR_MS

/** Of ListEventSourceMappings (aws.md §3.1). */
const MAPPINGS_PER_PAGE = 100

/** Calls of Lambda's control plane, all of them free of charge. */
function requestsOf(
  { accountId, region }: AwsRegion,
  inventory: Inventory,
  intervalMs: number,
): readonly PlannedRequests[] {
  const where = { accountId, region, rule: 'listing', every: 'poll' } as const
  const polls = pollsPerListing(inventory, intervalMs)
  const mappings = Math.max(1, Math.ceil(Object.keys(inventory.aliases).length / MAPPINGS_PER_PAGE))
  return [
    { ...where, api: 'lambda:ListFunctions', requests: inventory.pages / polls },
    { ...where, api: 'lambda:ListEventSourceMappings', requests: mappings / polls },
    // At least: each function has the version that is edited, and how many more it has takes as many calls to find out.
    { ...where, api: 'lambda:ListFunctions', rule: 'versions', every: 'day', requests: inventory.pages },
  ]
}

async function planRegion(
  run: ObjectsRun,
  region: AwsRegion,
  { intervalMs }: PlanQuestion,
): Promise<CostPlan> {
  const { context } = run
  const key = { objectClass: OBJECT_CLASS, accountId: region.accountId, region: region.region }
  const before = await loadInventory(context, key)
  const isFresh = before !== undefined && Math.abs(context.triggerTimeMs - before.listedAtMs) < FRESH_MS
  // Rehearsed as the next run would do it: nothing is written where a plan is made, and the metrics find the timeouts.
  if (!isFresh) await collectObjects(run, region)
  const inventory = await loadInventory(context, key)
  return inventory === undefined
    ? NO_COST
    : { ...NO_COST, requests: requestsOf(region, inventory, intervalMs) }
}

/** What listing an account's functions takes; what it finds stays for the plan of their metrics. */
export async function planObjects(
  run: ObjectsRun,
  regions: readonly string[],
  question: PlanQuestion,
): Promise<CostPlan> {
  const { context, account } = run
  return planRegions({ context, account, regions }, async (region) => planRegion(run, region, question))
}
