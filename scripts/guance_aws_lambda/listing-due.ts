import { type EpochMs, MINUTE_MS } from 'guance-aws-lambda/dff'
import type { Inventory } from 'guance-aws-lambda/sets/guance_integration'

/**
 * ListFunctions pages of one run: ten seconds at a fifth of the 15 requests a second that AWS allows the whole account
 * (aws.md §3.2). More would keep the metrics waiting, and the customer's deployments too.
 */
export const PAGES_PER_RUN = 30

/** What the pages of a long listing are spread over, were it made piece by piece at the default interval. */
const RUN_EVERY_MS = 5 * MINUTE_MS

/** Triggers are jittered by seconds: a listing is not to slip to the next run because of them. */
const SLACK_MS = MINUTE_MS

/**
 * Whether the functions are to be listed again: at every run up to 1,500 of them in a region, every half an hour with
 * 10,000. In between the last listing counts.
 */
export function isListingDue(
  inventory: Pick<Inventory, 'listedAtMs' | 'pages'> | undefined,
  nowMs: EpochMs,
): boolean {
  // No pages: written by a version that did not count them.
  if (inventory === undefined || inventory.pages === 0) return true
  const ageMs = nowMs - inventory.listedAtMs
  // A listing from the future was written under a clock that was wrong.
  return ageMs < 0 || ageMs >= listedForMs(inventory)
}

/** Whether the last listing may count for one run more: another half an hour with 10,000 functions, the next run with up to 1,500. */
export function mayPostpone(
  inventory: Pick<Inventory, 'listedAtMs' | 'pages'> | undefined,
  nowMs: EpochMs,
): boolean {
  if (inventory === undefined) return false
  const ageMs = nowMs - inventory.listedAtMs
  return ageMs >= 0 && ageMs < 2 * Math.max(listedForMs(inventory), RUN_EVERY_MS - SLACK_MS)
}

/** How long a listing of so many pages counts. */
function listedForMs({ pages }: Pick<Inventory, 'pages'>): number {
  const runs = Math.ceil(pages / PAGES_PER_RUN)
  return runs <= 1 ? 0 : runs * RUN_EVERY_MS - SLACK_MS
}

/** One poll in so many lists the functions. */
export function pollsPerListing(inventory: Pick<Inventory, 'pages'>, intervalMs: number): number {
  return Math.max(1, Math.ceil(listedForMs(inventory) / intervalMs))
}
