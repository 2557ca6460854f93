import { HOUR_MS, MINUTE_MS, type RunContext } from 'guance-aws-lambda/dff'
import { AwsFailure, type AwsRegion, reportProblem } from 'guance-aws-lambda/sets/guance_integration'
import { findCatalogue } from './catalogue.ts'
import { fetchListPage, type ListedIdentity, listIdentities } from './list-series.ts'
import { commitListing, type Listing, loadListing } from './listing.ts'
import type { Series } from './series.ts'

/** AWS itself lists a new series up to 15 minutes late (aws.md §1.3): asking more often finds little sooner. */
export const CACHE_MS = 15 * MINUTE_MS

/** A list that could not be renewed for this long hides functions that somebody is waiting for. */
const STALE_MS = HOUR_MS

/** The record names some; the log of metrics that exist is AWS's own console. */
const MAX_NAMED = 10

/** The series of a listing, as targets select them. */
export function toSeries(namespace: string, identities: readonly ListedIdentity[]): readonly Series[] {
  return identities.flatMap(({ dimensions, metrics }) =>
    metrics.map((metric): Series => ({ namespace, metric, dimensions })),
  )
}

/** Reports metrics that are newer than the catalogue, once; returns all that were reported so far. */
function reportUnknown(
  context: RunContext,
  scope: string,
  {
    namespace,
    identities,
    before,
  }: { namespace: string; identities: readonly ListedIdentity[]; before: readonly string[] },
): readonly string[] {
  const catalogue = findCatalogue(namespace)
  if (catalogue === undefined) return []
  const listed = new Set(identities.flatMap(({ metrics }) => metrics))
  const fresh = [...listed]
    .filter((metric) => !Object.hasOwn(catalogue.metrics, metric) && !before.includes(metric))
    .toSorted()
  if (fresh.length === 0) return before
  const named = fresh.slice(0, MAX_NAMED).join(', ')
  const rest = fresh.length > MAX_NAMED ? ` and ${fresh.length - MAX_NAMED} more` : ''
  context.report({
    code: 'unknown-metric',
    severity: 'warning',
    scope: `${scope}/${namespace}`,
    message: `AWS lists metrics that this version does not know: ${named}${rest}. They are collected where a pattern of targets matches them: ALL, a wildcard, or the name with allowUnknownMetrics: true. This is said once.`,
  })
  return [...before, ...fresh].toSorted()
}

async function renew(
  context: RunContext,
  region: AwsRegion,
  { namespace, previous }: { namespace: string; previous: Listing | undefined },
): Promise<readonly ListedIdentity[]> {
  const identities = await listIdentities(region, namespace)
  const before = previous?.unknown ?? []
  const unknown = reportUnknown(context, region.scope, { namespace, identities, before })
  const listing: Listing = { listedAtMs: context.triggerTimeMs, unknown, identities }
  await commitListing(context, region, { namespace, listing })
  return identities
}

/** Goes on with the last complete list where another one cannot be had; rethrows what asking for data would meet too. */
function carryForward(
  context: RunContext,
  region: AwsRegion,
  { namespace, previous, error }: { namespace: string; previous: Listing; error: unknown },
): readonly ListedIdentity[] {
  const isOfListing =
    error instanceof AwsFailure && ['transient', 'throttled', 'forbidden'].includes(error.kind)
  if (!isOfListing) throw error
  const ageMs = context.triggerTimeMs - previous.listedAtMs
  const minutes = Math.round(ageMs / MINUTE_MS)
  const scope = `${region.scope}/${namespace}`
  context.log(
    `${region.scope}: ${namespace} goes on with the series listed ${minutes} minutes ago: ${error.message}`,
  )
  // A refusal lasts until somebody mends the policy; a hiccup is worth no problem while the list is young.
  if (error.kind === 'forbidden') reportProblem(context, error, scope)
  else if (ageMs > STALE_MS) {
    context.report({
      code: 'listing-stale',
      severity: 'warning',
      scope,
      message: `The list of series is ${minutes} minutes old, so that newer functions are not collected yet. ${error.message}`,
    })
  }
  return previous.identities
}

/**
 * Without a reply of AWS nobody knows its time, and a local clock that runs ahead would make unsettled minutes final.
 * Any reply will do, a refusal too; throws AwsFailure when none comes.
 */
async function learnAwsTime(region: AwsRegion, namespace: string): Promise<void> {
  if (region.clock.isKnown()) return
  try {
    await fetchListPage(region, namespace)
  } catch (error) {
    if (!region.clock.isKnown()) throw error
  }
}

/**
 * Every series that AWS lists for the namespace, each once: asked for at most every 15 minutes, and whole or not at all.
 * When a page fails, the previous list counts, and its age is said. Afterwards AWS's time is known. Throws AwsFailure.
 */
export async function discoverSeries(
  region: AwsRegion,
  namespace: string,
  context: RunContext,
): Promise<readonly Series[]> {
  const previous = await loadListing(context, region, namespace)
  // A list from the future was written under a clock that was wrong.
  if (previous !== undefined && Math.abs(context.triggerTimeMs - previous.listedAtMs) < CACHE_MS) {
    await learnAwsTime(region, namespace)
    return toSeries(namespace, previous.identities)
  }
  try {
    return toSeries(namespace, await renew(context, region, { namespace, previous }))
  } catch (error) {
    context.signal.throwIfAborted()
    if (previous === undefined) throw error
    const identities = carryForward(context, region, { namespace, previous, error })
    await learnAwsTime(region, namespace)
    return toSeries(namespace, identities)
  }
}
