import { type EpochMs, HOUR_MS, MINUTE_MS, type RunContext } from 'guance-aws-lambda/dff'
import { AwsFailure, type AwsRegion, reportProblem } from 'guance-aws-lambda/sets/guance_integration'
import { fetchListPage, listInto } from './list-series.ts'
import { keepDeparted } from './departed.ts'
import { collectedBy, commitListing, type Listing, type ListingKey, loadListing } from './listing.ts'
import { Selection, toSeries } from './selection.ts'
import type { Series } from './series.ts'
import type { NamespaceTarget } from './targets.ts'

/** AWS itself lists a new series up to 15 minutes late (aws.md §1.3): asking more often finds little sooner. */
export const CACHE_MS = 15 * MINUTE_MS

/**
 * More than so many series take longer to list than a poll may wait: at five pages a second, 150,000 take a minute. They
 * are collected by the last list first.
 */
const MAX_SERIES_FIRST = 2_500

/** A list that could not be renewed for this long hides functions that somebody is waiting for. */
const STALE_MS = HOUR_MS

/** The record names some; the log of metrics that exist is AWS's own console. */
const MAX_NAMED = 10

/** What a run collects of a namespace in one region. */
export interface Discovery {
  /** Series that AWS listed. */
  readonly listed: number
  readonly listedAtMs: EpochMs
  /** Those wanted, each once. */
  readonly series: readonly Series[]
  /** An earlier list that is to be renewed once what it names is collected. */
  readonly isDue: boolean
}

/** One namespace in one region, as a configuration selects from it. */
interface Question {
  readonly context: RunContext
  readonly region: AwsRegion
  readonly target: Pick<NamespaceTarget, 'namespace' | 'catalogue' | 'selection' | 'select' | 'tier'>
}

function keyOf({ region: { scope }, target: { namespace, selection, tier } }: Question): ListingKey {
  return { place: { scope, namespace, ...(tier === undefined ? {} : { tier }) }, selection }
}

function toDiscovery({ target }: Question, listing: Listing, isDue = false): Discovery {
  const { listed, listedAtMs } = listing
  return { listed, listedAtMs, series: toSeries(target.namespace, collectedBy(listing)), isDue }
}

/** Reports metrics that are newer than the catalogue, once; returns all that were reported so far. */
function reportUnknown(
  { context, region, target: { namespace, catalogue } }: Question,
  listed: ReadonlySet<string>,
  before: readonly string[],
): readonly string[] {
  if (catalogue === undefined) return []
  const fresh = [...listed]
    .filter((metric) => !Object.hasOwn(catalogue.metrics, metric) && !before.includes(metric))
    .toSorted()
  if (fresh.length === 0) return before
  const named = fresh.slice(0, MAX_NAMED).join(', ')
  const rest = fresh.length > MAX_NAMED ? ` and ${fresh.length - MAX_NAMED} more` : ''
  context.report({
    code: 'unknown-metric',
    severity: 'warning',
    scope: `${region.scope}/${namespace}`,
    message: `AWS lists metrics that this version does not know: ${named}${rest}. They are collected where a pattern of targets matches them: ALL, a wildcard, or the name with allowUnknownMetrics: true. This is said once.`,
  })
  return [...before, ...fresh].toSorted()
}

async function renew(
  question: Question,
  before: readonly string[],
  previous: Listing | undefined,
): Promise<Listing> {
  const { context, region, target } = question
  const key = keyOf(question)
  const selection = new Selection(target)
  const identities = await listInto(selection, region, target.namespace)
  const unknown = reportUnknown(question, selection.metrics, before)
  const place = { place: key.place, nameDimension: target.catalogue?.nameDimension }
  const departed = await keepDeparted(context, place, { before: previous, now: identities })
  const listing = { listedAtMs: context.triggerTimeMs, listed: selection.listed, identities, departed }
  await commitListing(context, key, { unknown, listing })
  return listing
}

/** Goes on with the last complete list where another one cannot be had; rethrows what asking for data would meet too. */
function carryForward(
  { context, region, target: { namespace } }: Question,
  previous: Listing,
  error: unknown,
): void {
  const isOfListing =
    error instanceof AwsFailure && ['transient', 'throttled', 'forbidden', 'invalid'].includes(error.kind)
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

/** Lists anew, or goes on with the previous list where that is all there is. */
async function renewOr(question: Question, unknown: readonly string[], previous: Listing | undefined) {
  try {
    return await renew(question, unknown, previous)
  } catch (error) {
    question.context.signal.throwIfAborted()
    if (previous === undefined) throw error
    carryForward(question, previous, error)
    return undefined
  }
}

/**
 * The wanted series that AWS lists for the namespace: asked for at most every 15 minutes, and whole or not at all. When a
 * page fails, what the same configuration selected before counts, and its age is said. Afterwards AWS's time is known.
 * Throws AwsFailure.
 */
export async function discoverSeries(
  region: AwsRegion,
  target: Question['target'],
  context: RunContext,
): Promise<Discovery> {
  const question: Question = { context, region, target }
  const { unknown, listing: previous } = await loadListing(context, keyOf(question))
  // A list from the future was written under a clock that was wrong.
  const isFresh = previous !== undefined && Math.abs(context.triggerTimeMs - previous.listedAtMs) < CACHE_MS
  const isLong = previous !== undefined && previous.listed > MAX_SERIES_FIRST
  if (!isFresh && !isLong) {
    const renewed = await renewOr(question, unknown, previous)
    if (renewed !== undefined) return toDiscovery(question, renewed)
  }
  // Without one, listing has thrown.
  if (previous === undefined) throw new Error(`${region.scope}: ${target.namespace} has no list of series`)
  await learnAwsTime(region, target.namespace)
  return toDiscovery(question, previous, !isFresh && isLong)
}

/** Renews the list behind what was collected by an earlier one; undefined when AWS does not give it. Throws AwsFailure. */
export async function renewSeries(
  region: AwsRegion,
  target: Question['target'],
  context: RunContext,
): Promise<Discovery | undefined> {
  const question: Question = { context, region, target }
  const { unknown, listing: previous } = await loadListing(context, keyOf(question))
  const renewed = await renewOr(question, unknown, previous)
  return renewed === undefined ? undefined : toDiscovery(question, renewed)
}
