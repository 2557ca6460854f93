import { formatTime, type RunContext } from 'guance-aws-lambda/dff'
import {
  accountState,
  type AwsAccount,
  type AwsRegion,
  DEFAULT_CLOUD_PROVIDER,
  type Inventory,
  loadInventory,
} from 'guance-aws-lambda/sets/guance_integration'
import type { NamespaceContext } from './circumstances.ts'
import { loadDelivered } from './delivered.ts'
import { discoverSeries } from './discover.ts'
import { groupByIdentity, type Identity } from './identity.ts'
import { objectClassOf } from './object-class.ts'
import type { SeriesStatistics } from './plan.ts'
import { loadRegionState } from './region-state.ts'
import type { Series } from './series.ts'
import { makeTags, type TagsOf } from './tags.ts'
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

/** What the slices of a namespace work on. */
interface Prepared {
  readonly shared: NamespaceContext
  /** Everything that AWS lists. */
  readonly listed: readonly Series[]
  readonly identities: readonly Identity[]
  /** Undefined without a listing of functions, and for namespaces that have none. */
  readonly inventory: Inventory | undefined
}

/** The objects that a namespace's metrics are of. */
async function loadLinked({ context, account, region, target }: NamespaceRun) {
  const objectClass = objectClassOf(target.namespace)
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

/** Those of the listed series that are to be collected, with their statistics. */
export function selectWanted(
  { statisticsOf }: Pick<CompiledConfigs, 'statisticsOf'>,
  { select, catalogue }: NamespaceTarget,
  listed: readonly Series[],
): readonly SeriesStatistics[] {
  return select(listed).map((series) => ({
    series,
    statistics: statisticsOf(series.metric, catalogue?.metrics[series.metric]),
  }))
}

/** Lists what there is and loads what is known of it. Throws AwsFailure, or what the host says. */
export async function prepareNamespace(run: NamespaceRun): Promise<Prepared> {
  const { context, account, region, compiled, target } = run
  const { namespace, catalogue } = target
  const listed = await discoverSeries(region, namespace, context)
  // A catalogue vouches for the spelling: there, nothing listed is a region without functions.
  if (listed.length === 0 && catalogue === undefined) reportNothingListed(run)
  const wanted = selectWanted(compiled, target, listed)
  const identities = groupByIdentity(wanted, catalogue?.nameDimension)
  const place = { scope: region.scope, namespace }
  const { inventory, hasFunctions } = await loadLinked(run)
  // After the first reply, whose Date header says what AWS's time is.
  const nowMs = nowOf(context.triggerTimeMs, region.clock.awsNowMs())
  context.log(
    `${region.scope}: ${namespace} lists ${listed.length} series, ${wanted.length} wanted, of ${identities.length} dimension sets, at ${formatTime(nowMs)}`,
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
    accountState: accountState(account),
  }
  return { shared, listed, identities, inventory }
}
