import { formatTime, MINUTE_MS, type RunContext } from 'guance-aws-lambda/dff'
import {
  accountState,
  type AwsAccount,
  type AwsRegion,
  DEFAULT_CLOUD_PROVIDER,
  type Inventory,
  livesOf,
  loadInventory,
} from 'guance-aws-lambda/sets/guance_integration'
import type { Budget } from './budget.ts'
import { claimPlace } from './claim.ts'
import type { NamespaceContext } from './circumstances.ts'
import { degradePolicy } from './degrade.ts'
import { loadDelivered } from './delivered.ts'
import { type Discovery, discoverSeries } from './discover.ts'
import { groupByIdentity, type Identity } from './identity.ts'
import type { SeriesStatistics } from './plan.ts'
import { loadRegionState } from './region-state.ts'
import type { Series } from './series.ts'
import type { Place } from './state-keys.ts'
import type { AdmittedValues } from './tag-values.ts'
import { makeTags, objectTagsOf, type TagsOf } from './tags.ts'
import type { CompiledConfigs, NamespaceTarget } from './targets.ts'
import { memberTest, splitTiers } from './tier.ts'
import { makeTimeouts } from './timeouts.ts'
import { nowOf } from './window.ts'

/** One namespace in one region of one account, in one run. */
export interface NamespaceRun {
  readonly context: RunContext
  readonly account: AwsAccount
  readonly region: AwsRegion
  readonly compiled: CompiledConfigs
  readonly target: NamespaceTarget
  /** Left out where nothing is spent: in plans. */
  readonly budget?: Budget
  /** By class of the linked objects, which values of their tags metrics may have; left out in plans. */
  readonly tagValues?: ReadonlyMap<string, AdmittedValues>
}

/** What the slices of a namespace work on. */
export interface Prepared {
  readonly shared: NamespaceContext
  /** Its series are the wanted ones, or all that `surveyed` takes. */
  readonly discovery: Discovery
  readonly identities: readonly Identity[]
  /** Undefined without a listing of functions, and for namespaces that have none. */
  readonly inventory: Inventory | undefined
}

/** Which of the listed series to keep. */
export type Surveyed = Parameters<typeof discoverSeries>[1]

/** The objects that a namespace's metrics are of. */
async function loadLinked({ context, account, region, target }: NamespaceRun) {
  const objectClass = target.catalogue?.objectClass
  if (objectClass === undefined) return { inventory: undefined, hasFunctions: false }
  const { accountId } = account
  const inventory = await loadInventory(context, { objectClass, accountId, region: region.region })
  return { inventory, hasFunctions: true }
}

function prepareTags(
  { context, account, region, compiled, target, tagValues }: NamespaceRun,
  inventory: Inventory | undefined,
): TagsOf {
  const { configs } = compiled
  const objectClass = target.catalogue?.objectClass
  return makeTags({
    accountId: account.accountId,
    region: region.region,
    cloudProvider: configs.cloud_provider ?? DEFAULT_CLOUD_PROVIDER,
    extraTags: account.account.extra_tags ?? {},
    nameDimension: target.catalogue?.nameDimension,
    inventory,
    objectTags: objectTagsOf(configs),
    admitted: objectClass === undefined ? undefined : tagValues?.get(objectClass),
    // Where lines do not merge, this tier's would take the place of the line with the function's other metrics.
    ...(target.tier === undefined || context.sink.mergesFields ? {} : { tier: target.tier }),
  })
}

/** CloudWatch knows no wrong names: it lists nothing for a typo, and the run would succeed with nothing for ever. */
function reportNothingListed({ context, region, target }: NamespaceRun): void {
  // Not every linked account has something of everything everywhere.
  if (region.owner !== undefined) return
  context.report({
    code: 'nothing-listed',
    severity: 'warning',
    scope: `${region.scope}/${target.namespace}`,
    message: `CloudWatch lists no metric of the namespace ${target.namespace} in ${region.region}: check how it is spelt in targets, or remove the region if nothing there reports to it.`,
  })
}

/** With the statistics that are asked for of each. */
export function withStatistics(
  { statisticsOf }: Pick<CompiledConfigs, 'statisticsOf'>,
  { catalogue }: Pick<NamespaceTarget, 'catalogue'>,
  series: readonly Series[],
): readonly SeriesStatistics[] {
  return series.map((one) => ({
    series: one,
    statistics: statisticsOf(one.metric, catalogue?.metrics[one.metric]),
  }))
}

function placeOf({ region, target: { namespace, tier } }: NamespaceRun): Place {
  return { scope: region.scope, namespace, ...(tier === undefined ? {} : { tier }) }
}

/** The identities of this tier, those whose core metrics another one collects, and who is critical. */
export function tiersOf(
  { compiled, target }: Pick<NamespaceRun, 'compiled' | 'target'>,
  all: readonly Identity[],
  inventory: Inventory | undefined,
) {
  const isCritical = memberTest(compiled.configs.critical, inventory)
  return { ...splitTiers(all, { tier: target.tier, isCritical, catalogue: target.catalogue }), isCritical }
}

/** Everything that the slices of a namespace share, and what of all identities is this tier's. */
async function makeContext(run: NamespaceRun, all: readonly Identity[]) {
  const { context, account, region, compiled, target } = run
  const { namespace, catalogue } = target
  const place = placeOf(run)
  const { inventory, hasFunctions } = await loadLinked(run)
  const { idle } = compiled.configs
  const isIdle = memberTest(idle, inventory)
  const { own: identities, critical, isCritical } = tiersOf(run, all, inventory)
  // After the first reply, whose Date header says what AWS's time is.
  const nowMs = nowOf(context.triggerTimeMs, region.clock.awsNowMs())
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
    policy: degradePolicy(compiled.policy, run.budget?.level ?? 0),
    critical,
    ...(idle === undefined || target.tier !== undefined
      ? {}
      : {
          idle: {
            everyMs: idle.everyMin * MINUTE_MS,
            has: ({ name }: Identity) => name !== undefined && isIdle(name) && !isCritical(name),
          },
        }),
    accountState: accountState(account),
  }
  return { shared, identities, inventory }
}

/**
 * Lists what there is and loads what is known of it. `surveyed` lists more than is wanted, for plans. Throws AwsFailure,
 * BAD_PARAMETER where another collector of the run has the namespace, or what the host says.
 */
export async function prepareNamespace(run: NamespaceRun, surveyed?: Surveyed): Promise<Prepared> {
  const { context, region, compiled, target } = run
  const { namespace, catalogue } = target
  claimPlace(context, placeOf(run))
  const discovery = await discoverSeries(region, surveyed ?? target, context)
  const { listed, series } = discovery
  // A catalogue vouches for the spelling: there, nothing listed is a region without functions.
  if (listed === 0 && catalogue === undefined) reportNothingListed(run)
  const wanted = withStatistics(compiled, target, surveyed === undefined ? series : target.select(series))
  const all = groupByIdentity(wanted, catalogue?.nameDimension)
  const { shared, identities, inventory } = await makeContext(run, all)
  context.log(
    `${region.scope}: ${namespace} lists ${listed} series, ${wanted.length} wanted, of ${identities.length} dimension sets, at ${formatTime(shared.nowMs)}`,
  )
  return { shared, discovery, identities, inventory }
}
