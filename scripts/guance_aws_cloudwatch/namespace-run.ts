import { type EpochMs, formatWindow, type Window } from 'guance-aws-lambda/dff'
import { AwsFailure } from 'guance-aws-lambda/sets/guance_integration'
import { auditBuckets } from './audit.ts'
import { collectBackfill } from './backfill.ts'
import type { NamespaceContext } from './circumstances.ts'
import { renewSeries } from './discover.ts'
import { groupByIdentity, type Identity } from './identity.ts'
import { addLateness } from './lateness.ts'
import { degrade, estimate } from './degrade.ts'
import { collectDue, collectLive, type LiveResult } from './live.ts'
import { addDuration, recentOf } from './longest.ts'
import { isIdleDue, type Masked, maskIdentities } from './mask.ts'
import { keepAwake } from './mask-state.ts'
import { type NamespaceRun, type Prepared, prepareNamespace, tiersOf, withStatistics } from './prepare.ts'
import { registerAsleep } from './register.ts'
import { newRegionState, regionState } from './region-state.ts'
import { repairGaps } from './repair.ts'
import { placeKey } from './state-keys.ts'
import { sweepBuckets } from './sweep.ts'
import { Tally } from './tally.ts'
import { reportUncollected } from './tier.ts'

/** Renews the list of series behind live traffic, and collects at once what is new in it. Who of it has something left. */
async function collectNew(
  run: NamespaceRun,
  { shared, inventory }: Prepared,
  tally: Tally,
): Promise<readonly string[]> {
  const { context, region, compiled, target } = run
  const renewed = await renewSeries(region, target, context)
  const wanted = withStatistics(compiled, target, renewed?.series ?? [])
  const { own } = tiersOf(run, groupByIdentity(wanted, target.catalogue?.nameDimension), inventory)
  const kept = degrade(own, target.catalogue, run.budget?.level ?? 0)
  const fresh = kept.filter(({ fingerprint }) => !shared.listed.has(fingerprint))
  if (fresh.length === 0) return []
  context.log(`${region.scope}: ${target.namespace} lists ${fresh.length} new dimension sets`)
  const listed = new Set([...shared.listed, ...fresh.map(({ fingerprint }) => fingerprint)])
  const results = await collectDue({ ...shared, listed }, fresh, tally)
  return results.flatMap(({ unfinished }) => unfinished)
}

export interface NamespaceResult {
  readonly points: number
  readonly failures: readonly unknown[]
  readonly slices: number
}

async function keepRegionState(
  { context, place, nowMs, known, idle }: NamespaceContext,
  {
    tally,
    listedMs,
    sweptMs,
    isIdleAsked,
  }: {
    readonly tally: Tally
    readonly listedMs: EpochMs
    readonly sweptMs: EpochMs
    readonly isIdleAsked: boolean
  },
): Promise<void> {
  const before = known ?? newRegionState(nowMs)
  const longest = tally.longest.reduce(
    (joined, [day, seconds]) => addDuration(joined, day, seconds),
    recentOf(before.longest, nowMs),
  )
  const lateness = addLateness(before.lateness, tally.sampledLines, tally.lateMs)
  await context.commit({
    points: [],
    state: regionState(place, {
      ...before,
      listedMs,
      polledMs: nowMs,
      longest,
      lateness,
      sweptMs,
      ...(idle !== undefined && isIdleAsked ? { idleMs: nowMs } : {}),
    }),
  })
}

function failureOf(tally: Tally): AwsFailure {
  return new AwsFailure(
    'transient',
    'cloudwatch:GetMetricData',
    new Error(`no query came complete: ${tally.reason}`),
  )
}

/** The live part of a poll: who is not asked is known to the ledgers first. What it came to, and who was awake. */
async function pollIdentities(
  { target, budget }: NamespaceRun,
  { shared, identities, discovery }: Prepared,
  tally: Tally,
): Promise<{ readonly live: LiveResult; readonly awake: readonly Identity[] }> {
  const level = budget?.level ?? 0
  const all = await maskIdentities(shared, target, identities)
  const asleep = degrade(all.asleep, shared.catalogue, level)
  const isNew = shared.known?.listedMs !== discovery.listedAtMs
  const behind = isNew ? await registerAsleep(shared, asleep) : new Set<string>()
  const parts = Map.groupBy(asleep, ({ fingerprint }) => behind.has(fingerprint))
  const masked: Masked = {
    ...all,
    awake: [...degrade(all.awake, shared.catalogue, level), ...(parts.get(true) ?? [])],
    asleep: parts.get(false) ?? [],
  }
  return { live: await collectLive(shared, masked, tally), awake: all.awake }
}

/** A poll's live part, with what the budget is to know of it. */
async function collectPoll(run: NamespaceRun, prepared: Prepared, tally: Tally): Promise<LiveResult> {
  const { budget } = run
  const { context, place, nowMs, critical, catalogue, known, idle } = prepared.shared
  await reportUncollected(context, place, { nowMs, count: critical.length, isFirst: known === undefined })
  const { live, awake } = await pollIdentities(run, prepared, tally)
  if (budget === undefined) return live
  const cost = estimate(awake, catalogue, (identity) => idle?.has(identity) === true)
  const waiting = isIdleDue(prepared.shared) ? 0 : (cost.idle[budget.level] ?? 0)
  const asked = (cost.units[budget.level] ?? 0) - waiting
  // A first poll asks of everybody what later ones ask of few.
  const factor = known === undefined || asked === 0 ? 1 : Math.min(1, tally.billedByPolls() / asked)
  const scaled = (units: readonly number[]): readonly number[] => units.map((each) => factor * each)
  budget.note(placeKey(place), { ...cost, units: scaled(cost.units), idle: scaled(cost.idle) })
  return live
}

/** A window asked for by hand, of what the budget leaves. */
async function backfillIdentities(
  run: NamespaceRun,
  prepared: Prepared,
  { window, tally }: { readonly window: Window; readonly tally: Tally },
): Promise<LiveResult> {
  const { shared, identities } = prepared
  const level = run.budget?.level ?? 0
  return collectBackfill(shared, {
    identities: degrade(identities, shared.catalogue, level),
    window,
    tally,
    level,
    poll: async (now) => pollIdentities(run, { ...prepared, shared: now }, tally),
  })
}

/**
 * Collects one namespace of a region slice by slice, live traffic first, then old gaps, then the audit; what does not
 * come complete is reported and keeps its place. Throws what stops the region: a refusal, or a failed discovery.
 */
export async function collectNamespace(run: NamespaceRun): Promise<NamespaceResult> {
  const prepared = await prepareNamespace(run)
  const { shared, identities, discovery } = prepared
  const { context, place, nowMs } = shared
  const tally = new Tally()
  const { backfill } = context
  const live =
    backfill === undefined
      ? await collectPoll(run, prepared, tally)
      : await backfillIdentities(run, prepared, { window: backfill, tally })
  if (backfill === undefined) {
    const unfinished = discovery.isDue ? await collectNew(run, prepared, tally) : []
    // Of the list that was gone by: what is newer than it has not been looked for yet.
    const sweptMs = await sweepBuckets(shared, identities)
    await keepRegionState(shared, {
      tally,
      listedMs: discovery.listedAtMs,
      sweptMs,
      isIdleAsked: isIdleDue(shared),
    })
    // A poll that AWS did not answer is no time for more.
    if (live.failed === 0)
      await repairGaps(shared, { behind: live.behind, liveRequests: live.requests, tally })
    const audited = degrade(identities, shared.catalogue, run.budget?.level ?? 0)
    const behind = live.failed === 0 ? await auditBuckets(shared, audited, tally) : []
    if (shared.policy.kind !== 'everything') await keepAwake(context, place, [...unfinished, ...behind])
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
