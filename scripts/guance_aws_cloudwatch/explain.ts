import {
  type Account,
  type EpochMs,
  type Explanation,
  formatTime,
  formatWindow,
  MINUTE_MS,
  type Question,
  type RunContext,
} from 'guance-aws-lambda/dff'
import { loadOwnerIds, soughtMetrics } from './linked.ts'
import { loadAccountId, loadInventory, loadRegions } from 'guance-aws-lambda/sets/guance_integration'
import { type BucketState, loadBucket } from './bucket.ts'
import { causeOf } from './circumstances.ts'
import { DIGEST_HOURS } from './digest.ts'
import { nameFields, NO_FIELDS } from './field-set.ts'
import { type HorizonCause, LONGEST_FACTOR, LONGEST_MARGIN_SEC, settleMs } from './horizon.ts'
import { groupByIdentity, type Identity } from './identity.ts'
import type { Entry } from './ledger.ts'
import { collectedBy, loadListing } from './listing.ts'
import { tiersOf, withStatistics } from './prepare.ts'
import { askedFacts } from './explain-asked.ts'
import { loadMask } from './mask-state.ts'
import { loadRegionState } from './region-state.ts'
import { toSeries } from './selection.ts'
import { type Place, placeKey } from './state-keys.ts'
import type { CompiledConfigs, NamespaceTarget } from './targets.ts'
import { makeTimeouts } from './timeouts.ts'

/** The explanation stays readable; the count says how many there are. */
const MAX_NAMED = 5

type Facts = Explanation['facts']

function listSome(items: readonly string[]): string {
  const rest = items.length - MAX_NAMED
  return `${items.slice(0, MAX_NAMED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}

/** `7 min: 1 of the minute, 3 of CloudWatch, …` */
function describeHorizon(cause: HorizonCause): string {
  const totalMin = 1 + settleMs(cause) / MINUTE_MS
  const parts = ['1 min for the minute itself', '3 min until CloudWatch shows it']
  if (cause.widenMs > 0) parts.push(`${cause.widenMs / MINUTE_MS} min because it was seen to be later`)
  if (cause.hasInvocations) parts.push(describeInvocations(cause))
  const intervalMin = (cause.intervalMs ?? MINUTE_MS) / MINUTE_MS
  if (intervalMin > 1) parts.push(`${intervalMin - 1} min because a datapoint may stand for ${intervalMin}`)
  return `${totalMin} min: ${parts.join(', ')}`
}

function describeInvocations({ timeoutSec, longestSec }: HorizonCause): string {
  const timeout =
    timeoutSec === undefined ? 'the timeout of 900 s that Lambda allows' : `the timeout of ${timeoutSec} s`
  if (longestSec === undefined) return `${timeout}, as how long it runs is not known`
  const likelySec = LONGEST_FACTOR * longestSec + LONGEST_MARGIN_SEC
  if (timeoutSec !== undefined && timeoutSec <= likelySec) return timeout
  return `${likelySec} s, twice the longest invocation of 14 days (${longestSec} s) and ${LONGEST_MARGIN_SEC} s`
}

function newest(digests: ReadonlyMap<EpochMs, number>): EpochMs | undefined {
  return [...digests.keys()].reduce<EpochMs | undefined>(
    (last, timeMs) => Math.max(last ?? 0, timeMs),
    undefined,
  )
}

function entryFacts(entry: Entry, cause: HorizonCause): Facts {
  const { firstMs, throughMs, gaps, waits, past, missing, holes, elsewhere } = entry
  return [
    { label: 'known since', value: formatTime(firstMs) },
    { label: 'complete and final up to', value: formatTime(throughMs) },
    { label: 'a minute is final after', value: describeHorizon(cause) },
    { label: 'gaps', value: gaps.length === 0 ? 'none' : listSome(gaps.map(formatWindow)) },
    ...(waits === 0 ? [] : [{ label: 'polls waited for an incomplete query', value: String(waits) }]),
    ...(missing === NO_FIELDS
      ? []
      : [{ label: 'not answered by AWS', value: listSome(nameFields(missing)) }]),
    ...holes.map((hole) => ({
      label: `delivered without ${listSome(nameFields(hole.fields))}`,
      value: formatWindow(hole),
    })),
    ...elsewhere.map((range) => ({
      label: `${listSome(nameFields(range.fields))} in lines of the other tier`,
      value: formatWindow(range),
    })),
    ...past.map(({ untilMs, tags }) => ({
      label: `tags before ${formatTime(untilMs)}`,
      value: Object.entries(tags)
        .map(([key, value]) => `${key}=${value}`)
        .join(' '),
    })),
  ]
}

/** `17 minutes from … to …: …`; those of the last day or two by name. */
function describeTold({ told }: Entry, seen: readonly EpochMs[]): string {
  if (told === undefined) return 'nothing'
  const span = `${told.minutes} minutes from ${formatTime(told.firstMs)} to ${formatTime(told.lastMs)}`
  return seen.length === 0 ? span : `${span}: ${listSome(seen.map(formatTime))}`
}

function digestFacts(state: BucketState, entry: Entry, fingerprint: string): Facts {
  const lastMs = newest(state.book.read('published', fingerprint))
  const seen = [...state.book.read('seen', fingerprint).keys()].toSorted((left, right) => left - right)
  return [
    {
      label: 'last point delivered',
      value: lastMs === undefined ? `none in the last ${DIGEST_HOURS} hours` : formatTime(lastMs),
    },
    { label: 'changed at CloudWatch after delivery', value: describeTold(entry, seen) },
    { label: 'last audit', value: state.auditedMs === 0 ? 'not yet' : formatTime(state.auditedMs) },
  ]
}

interface Asked {
  readonly context: RunContext
  readonly place: Place
  readonly question: Question
  readonly identities: readonly Identity[]
}

function hasMetric({ wanted }: Identity, metric: string | undefined): boolean {
  return (
    metric === undefined || wanted.some(({ series }) => series.metric.toLowerCase() === metric.toLowerCase())
  )
}

async function explainIdentity(
  { context, place }: Asked,
  identity: Identity,
  { causeBy, asked }: { causeBy: (state: BucketState) => HorizonCause; asked: Facts },
): Promise<Explanation> {
  const nowMs = context.triggerTimeMs
  const state = await loadBucket(context, place, { bucket: identity.bucket, nowMs })
  // All that are kept: a late audit, or an outage, keeps them longer than usual.
  await state.book.load(context, { startMs: state.kept[0]?.startMs ?? 0, endMs: nowMs })
  const entry = state.entries.get(identity.fingerprint)
  const set = identity.sample.dimensions.map(({ name, value }) => `${name}=${value}`).join(', ')
  const metrics = identity.wanted.map(({ series }) => series.metric).join(', ')
  const title = `${placeKey(place)} {${set}}`
  if (entry === undefined) {
    return { title, facts: [{ label: 'state', value: 'listed by AWS, not collected yet' }] }
  }
  return {
    title,
    facts: [
      { label: 'metrics', value: metrics },
      ...asked,
      ...entryFacts(entry, causeBy(state)),
      ...digestFacts(state, entry, identity.fingerprint),
    ],
  }
}

async function explainPlace(
  { context, question }: Pick<Asked, 'context' | 'question'>,
  compiled: CompiledConfigs,
  {
    place,
    target,
    accountId,
    region,
  }: { place: Place; target: NamespaceTarget; accountId: string; region: string },
): Promise<readonly Explanation[]> {
  const { namespace, catalogue } = target
  const { listing } = await loadListing(context, { place, selection: target.selection })
  if (listing === undefined) return []
  const wanted = withStatistics(compiled, target, toSeries(namespace, collectedBy(listing)))
  const named = groupByIdentity(wanted, catalogue?.nameDimension).filter(
    (identity) => identity.name === question.name,
  )
  if (named.length === 0) return []
  const nowMs = context.triggerTimeMs
  const objectClass = catalogue?.objectClass
  const inventory =
    objectClass === undefined ? undefined : await loadInventory(context, { objectClass, accountId, region })
  const timeouts = objectClass === undefined ? undefined : makeTimeouts(inventory, nowMs)
  const { own } = tiersOf({ compiled, target }, named, inventory)
  const identities = own.filter((identity) => hasMetric(identity, question.metric))
  const [known, mask] = await Promise.all([loadRegionState(context, place), loadMask(context, place)])
  return Promise.all(
    identities.map(async (identity) =>
      explainIdentity({ context, place, question, identities }, identity, {
        causeBy: (state) => causeOf({ catalogue, timeouts, known, nowMs }, identity, state.longest),
        asked: askedFacts({ compiled, target, inventory, mask }, identity),
      }),
    ),
  )
}

/** What is known of a function's series, in every region and namespace that is collected. From state alone. */
export async function explainSeries(
  context: RunContext,
  question: Question,
  { account, compiled }: { readonly account: Account; readonly compiled: CompiledConfigs },
): Promise<readonly Explanation[]> {
  const accountId = await loadAccountId(context, account)
  if (accountId === undefined) return []
  const place = { accountId, ...soughtMetrics(compiled) }
  const regions = await loadRegions(context, place, compiled.configs.regions)
  const asked = regions.flatMap((region) => compiled.namespaces.map((target) => ({ target, region })))
  const places = await Promise.all(
    asked.map(async ({ target, region }) => {
      const { namespace, tier } = target
      const owners = await loadOwnerIds(context, { accountId, region, namespace }, compiled)
      return owners.map((id) => ({
        place: { scope: `${id}/${region}`, namespace, ...(tier === undefined ? {} : { tier }) },
        target,
        accountId: id,
        region,
      }))
    }),
  )
  const parts = await Promise.all(
    places.flat().map(async (one) => explainPlace({ context, question }, compiled, one)),
  )
  return parts.flat()
}
