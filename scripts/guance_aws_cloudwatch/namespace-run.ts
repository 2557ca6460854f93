import { formatTime, type RunContext } from 'guance-aws-lambda/dff'
import {
  accountState,
  type AwsAccount,
  AwsFailure,
  type AwsRegion,
  isFatal,
  loadInventory,
  DEFAULT_CLOUD_PROVIDER,
  reportProblem,
} from 'guance-aws-lambda/sets/guance_integration'
import { loadCursor } from './cursor.ts'
import { loadDelivered } from './delivered.ts'
import { discoverSeries } from './discover.ts'
import { groupByBucket, makeBucket, type Pack, packBuckets, planStages } from './packs.ts'
import type { TagsOf } from './points.ts'
import { collectSlice, formatStage, type SliceContext } from './slice.ts'
import { makeTags } from './tags.ts'
import type { CompiledConfigs, NamespaceTarget } from './targets.ts'
import { lostSince, windowEndMs } from './window.ts'

/** Class of the objects whose tags a namespace's metrics take over. */
const OBJECT_CLASSES: ReadonlyMap<string, string> = new Map([['AWS/Lambda', 'aws_lambda']])

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

async function prepareTags({ context, account, region, compiled, target }: NamespaceRun): Promise<TagsOf> {
  const { configs } = compiled
  const objectClass = OBJECT_CLASSES.get(target.namespace)
  const { accountId } = account
  const inventory =
    objectClass === undefined
      ? undefined
      : await loadInventory(context, { objectClass, accountId, region: region.region })
  return makeTags({
    accountId,
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

async function preparePacks(
  run: NamespaceRun,
): Promise<{ readonly packs: readonly Pack[]; readonly endMs: number }> {
  const { context, region, compiled, target } = run
  const { namespace, catalogue } = target
  const { listed, series: selected } = await discoverSeries(region, target)
  // A catalogue vouches for the spelling: there, nothing listed is a region without functions.
  if (listed === 0 && catalogue === undefined) reportNothingListed(run)
  const wanted = selected.map((series) => ({
    series,
    statistics: compiled.statisticsOf(series.metric, catalogue?.metrics[series.metric]),
  }))
  // After the first reply, whose Date header says what AWS's time is.
  const endMs = windowEndMs(context.triggerTimeMs, region.clock.awsNowMs())
  const buckets = await Promise.all(
    [...groupByBucket(wanted, catalogue?.nameDimension)].map(async ([bucket, series]) =>
      makeBucket(bucket, series, await loadCursor(context, region, { namespace, bucket })),
    ),
  )
  const packs = packBuckets(buckets, endMs)
  context.log(
    `${region.scope}: ${namespace} lists ${listed} series, ${wanted.length} wanted, up to ${formatTime(endMs)} in ${packs.length} slices`,
  )
  return { packs, endMs }
}

function reportLost({ context, region, namespace }: SliceContext, { throughMs }: Pack, endMs: number): void {
  const lostMs = throughMs === undefined ? 0 : lostSince(throughMs, endMs)
  if (lostMs === 0) return
  context.report({
    code: 'gap',
    severity: 'warning',
    scope: `${region.scope}/${namespace}`,
    message: `${Math.round(lostMs / 60_000)} minutes before ${formatTime(endMs)} are too old for CloudWatch's one-minute data and stay missing.`,
  })
}

/** Refused for the whole region alike: the next slice would be told the same. */
function endsRegion(error: unknown): boolean {
  return !(error instanceof AwsFailure) || (error.kind !== 'transient' && error.kind !== 'throttled')
}

/** The windows of a pack, one commit each; after a failure its later windows wait, because cursors must not jump. */
async function collectPack(slice: SliceContext, pack: Pack, endMs: number): Promise<number> {
  let points = 0
  reportLost(slice, pack, endMs)
  for (const stage of planStages(pack, endMs)) {
    // Oldest window first: its commit is what the next one starts from.
    const result = await collectSlice(slice, stage)
    points += result.points
    slice.context.log(
      `${slice.region.scope}: ${slice.namespace} ${formatStage(stage)}: ${result.requests} requests, ${result.points} points`,
    )
  }
  return points
}

export interface NamespaceResult {
  readonly points: number
  readonly failures: readonly unknown[]
  readonly slices: number
}

/**
 * Collects one namespace of a region slice by slice; a slice that fails is reported and keeps its cursors. Throws
 * what stops the region: a refusal, or a failed discovery.
 */
export async function collectNamespace(run: NamespaceRun): Promise<NamespaceResult> {
  const { context, account, region, target } = run
  const { namespace } = target
  const { packs, endMs } = await preparePacks(run)
  const slice: SliceContext = {
    context,
    region,
    namespace,
    tagsOf: await prepareTags(run),
    delivered: new Set(await loadDelivered(context, region.scope, namespace)),
    accountState: accountState(account),
  }
  const failures: unknown[] = []
  let points = 0
  for (const pack of packs) {
    try {
      // One pack after the other: that is what bounds memory.
      points += await collectPack(slice, pack, endMs)
    } catch (error) {
      context.signal.throwIfAborted()
      if (isFatal(error) || endsRegion(error)) throw error
      failures.push(error)
      reportProblem(context, error, `${region.scope}/${namespace}`)
    }
  }
  return { points, failures, slices: packs.length }
}
