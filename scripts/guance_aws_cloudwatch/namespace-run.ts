import { type EpochMs, formatTime, formatWindow, type RunContext } from 'guance-aws-lambda/dff'
import {
  accountState,
  type AwsAccount,
  AwsFailure,
  type AwsRegion,
  DEFAULT_CLOUD_PROVIDER,
  type Inventory,
  livesOf,
  loadInventory,
} from 'guance-aws-lambda/sets/guance_integration'
import { auditBuckets } from './audit.ts'
import { collectBackfill } from './backfill.ts'
import { claimPlace } from './claim.ts'
import type { NamespaceContext } from './circumstances.ts'
import { loadDelivered } from './delivered.ts'
import { type Discovery, discoverSeries, renewSeries } from './discover.ts'
import { groupByIdentity, type Identity } from './identity.ts'
import { addLateness } from './lateness.ts'
import { collectLive } from './live.ts'
import { addDuration, recentOf } from './longest.ts'
import { loadRegionState, newRegionState, regionState } from './region-state.ts'
import { repairGaps } from './repair.ts'
import { sweepBuckets } from './sweep.ts'
import { makeTags, type TagsOf } from './tags.ts'
import { Tally } from './tally.ts'
import type { CompiledConfigs, NamespaceTarget } from './targets.ts'
import { makeTimeouts } from './timeouts.ts'
import { nowOf } from './window.ts'

/** Of the linked function, unless object_tags says otherwise: the one tag that groups functions and hardly ever changes. */
const DEFAULT_OBJECT_TAGS = ['Runtime']

/** One namespace in one region of one account, in one run. */
export interface NamespaceRun {
  readonly context: RunContext
  readonly account: AwsAccount
  readonly region: AwsRegion
  readonly compiled: CompiledConfigs
  readonly target: NamespaceTarget
}

interface Prepared {
  readonly shared: NamespaceContext
  readonly identities: readonly Identity[]
  readonly discovery: Discovery
}

/** The objects that a namespace's metrics are of. */
async function loadLinked({ context, account, region, target }: NamespaceRun) {
  const objectClass = target.catalogue?.objectClass
  if (objectClass === undefined) return { inventory: undefined, hasFunctions: false }
  const { accountId } = account
  const inventory = await loadInventory(context, { objectClass, accountId, region: region.region })
  return { inventory, hasFunctions: true }
}

function prepareTags(
  { account, region, compiled, target }: NamespaceRun,
  inventory: Inventory | undefined,
): TagsOf {
  const { configs } = compiled
  return makeTags({
    accountId: account.accountId,
    region: region.region,
    cloudProvider: configs.cloud_provider ?? DEFAULT_CLOUD_PROVIDER,
    extraTags: account.account.extra_tags ?? {},
    nameDimension: target.catalogue?.nameDimension,
    inventory,
    objectTags: configs.object_tags ?? DEFAULT_OBJECT_TAGS,
  })
}

/** CloudWatch knows no wrong names: it lists nothing for a typo, and the run would succeed with nothing for ever. */
function reportNothingListed({ context, region, target }: NamespaceRun): void {
  context.report({
    code: 'nothing-listed',
    severity: 'warning',
    scope: `${region.scope}/${target.namespace}`,
    message: `CloudWatch lists no metric of the namespace ${target.namespace} in ${region.region}: check how it is spelt in targets, or remove the region if nothing there reports to it.`,
  })
}

function identitiesOf({ compiled, target }: NamespaceRun, { series }: Discovery): readonly Identity[] {
  const { catalogue } = target
  const wanted = series.map((one) => ({
    series: one,
    statistics: compiled.statisticsOf(one.metric, catalogue?.metrics[one.metric]),
  }))
  return groupByIdentity(wanted, catalogue?.nameDimension)
}

async function makeContext(run: NamespaceRun): Promise<Prepared> {
  const { context, account, region, compiled, target } = run
  const { namespace, catalogue } = target
  const discovery = await discoverSeries(region, target, context)
  const { listed, series } = discovery
  // A catalogue vouches for the spelling: there, nothing listed is a region without functions.
  if (listed === 0 && catalogue === undefined) reportNothingListed(run)
  const identities = identitiesOf(run, discovery)
  const place = { scope: region.scope, namespace }
  const { inventory, hasFunctions } = await loadLinked(run)
  // After the first reply, whose Date header says what AWS's time is.
  const nowMs = nowOf(context.triggerTimeMs, region.clock.awsNowMs())
  context.log(
    `${region.scope}: ${namespace} lists ${listed} series, ${series.length} wanted, of ${identities.length} dimension sets, at ${formatTime(nowMs)}`,
  )
  const shared: NamespaceContext = {
    context,
    region,
    place,
    catalogue,
    sink: context.sink,
    nowMs,
    tagsOf: prepareTags(run, inventory),
    listed: new Set(identities.map(({ fingerprint }) => fingerprint)),
    timeouts: hasFunctions ? makeTimeouts(inventory, nowMs) : undefined,
    known: await loadRegionState(context, place),
    delivered: new Set(await loadDelivered(context, region.scope, namespace)),
    ...(compiled.configs.zeros === true
      ? { lives: inventory === undefined ? ('unlisted' as const) : livesOf(inventory) }
      : {}),
    accountState: accountState(account),
  }
  return { shared, identities, discovery }
}

/** Renews the list of series behind live traffic, and collects at once what is new in it. */
async function collectNew(run: NamespaceRun, { shared }: Prepared, tally: Tally): Promise<void> {
  const { context, region, target } = run
  const renewed = await renewSeries(region, target, context)
  const identities = renewed === undefined ? [] : identitiesOf(run, renewed)
  const fresh = identities.filter(({ fingerprint }) => !shared.listed.has(fingerprint))
  if (fresh.length === 0) return
  context.log(`${region.scope}: ${target.namespace} lists ${fresh.length} new dimension sets`)
  const listed = new Set([...shared.listed, ...fresh.map(({ fingerprint }) => fingerprint)])
  await collectLive({ ...shared, listed }, fresh, tally)
}

export interface NamespaceResult {
  readonly points: number
  readonly failures: readonly unknown[]
  readonly slices: number
}

async function keepRegionState(
  { context, place, nowMs, known }: NamespaceContext,
  {
    tally,
    listedMs,
    sweptMs,
  }: { readonly tally: Tally; readonly listedMs: EpochMs; readonly sweptMs: EpochMs },
): Promise<void> {
  const before = known ?? newRegionState(nowMs)
  const longest = tally.longest.reduce(
    (joined, [day, seconds]) => addDuration(joined, day, seconds),
    recentOf(before.longest, nowMs),
  )
  const lateness = addLateness(before.lateness, tally.sampledLines, tally.lateMs)
  await context.commit({
    points: [],
    state: regionState(place, { ...before, listedMs, longest, lateness, sweptMs }),
  })
}

function failureOf(tally: Tally): AwsFailure {
  return new AwsFailure(
    'transient',
    'cloudwatch:GetMetricData',
    new Error(`no query came complete: ${tally.reason}`),
  )
}

/**
 * Collects one namespace of a region slice by slice, live traffic first, then old gaps, then the audit; what does not
 * come complete is reported and keeps its place. Throws what stops the region: a refusal, or a failed discovery.
 */
export async function collectNamespace(run: NamespaceRun): Promise<NamespaceResult> {
  claimPlace(run.context, { scope: run.region.scope, namespace: run.target.namespace })
  const prepared = await makeContext(run)
  const { shared, identities, discovery } = prepared
  const { context, place, nowMs } = shared
  const tally = new Tally()
  const { backfill } = context
  const live =
    backfill === undefined
      ? await collectLive(shared, identities, tally)
      : await collectBackfill(shared, { identities, window: backfill, tally })
  if (backfill === undefined) {
    if (discovery.isDue) await collectNew(run, prepared, tally)
    // Of the list that was gone by: what is newer than it has not been looked for yet.
    const sweptMs = await sweepBuckets(shared, identities)
    await keepRegionState(shared, { tally, listedMs: discovery.listedAtMs, sweptMs })
    // A poll that AWS did not answer is no time for more.
    if (live.failed === 0)
      await repairGaps(shared, { behind: live.behind, liveRequests: live.requests, tally })
    if (live.failed === 0) await auditBuckets(shared, identities, tally)
  }
  tally.report(context, `${place.scope}/${place.namespace}`, nowMs)
  const complete = tally.completeWindow()
  const completeness = complete === undefined ? '' : `, complete for all in ${formatWindow(complete)}`
  context.log(
    `${place.scope}: ${place.namespace}: ${tally.requests} requests, ${tally.points} points${completeness}`,
  )
  const failures = Array.from({ length: live.failed }, () => failureOf(tally))
  return { points: tally.points, failures, slices: live.slices }
}
