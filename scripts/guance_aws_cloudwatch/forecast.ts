/** What one namespace of a region is going to ask for, found by the functions that will ask, for an engine that is up to date. */
import { DAY_MS, type Window } from 'guance-aws-lambda/dff'
import { planLongest } from './ask-longest.ts'
import { Asked } from './asked.ts'
import { sliceAudit } from './audit.ts'
import { sliceBackfill } from './backfill.ts'
import type { BucketState } from './bucket.ts'
import { circumstancesOf, type NamespaceContext } from './circumstances.ts'
import { digestRanges } from './digest-ranges.ts'
import { type Circumstances, type EntryPlan, planLive, planOld, reaching, type Work } from './entry-plan.ts'
import { type Gate, gateAsks, makeGate } from './gate.ts'
import { settleMs } from './horizon.ts'
import { fieldSetOf, NO_FIELDS } from './field-set.ts'
import type { Identity } from './identity.ts'
import type { Entry } from './ledger.ts'
import type { Masked } from './mask.ts'
import { probingOf } from './policy.ts'
import type { Rule } from './rule.ts'
import { planEntry } from './slice.ts'
import { endAt, MAX_LOOKBACK_MS } from './window.ts'
import { sliceWorks } from './works.ts'

/** What a forecast is made from. */
export interface Outlook {
  readonly shared: NamespaceContext
  readonly identities: readonly Identity[]
  readonly masked: Masked
  readonly stateOf: (bucket: number) => BucketState
  readonly intervalMs: number
}

/** The ledger of an identity that was collected in time since long ago. */
function steadyEntry(
  identity: Identity,
  { nowMs, cause, changing }: Circumstances,
  intervalMs: number,
): Entry {
  return {
    throughMs: endAt(nowMs - intervalMs, settleMs(cause)),
    polledMs: nowMs - intervalMs,
    firstMs: endAt(nowMs, MAX_LOOKBACK_MS),
    fields: fieldSetOf(identity.wanted),
    former: [],
    missing: NO_FIELDS,
    holes: [],
    elsewhere: [],
    tags: changing,
    past: [],
    waits: 0,
    gaps: [],
    done: [],
  }
}

/** Circumstances of an identity whose bucket was polled and audited in time. */
export function steadyCircumstances(
  { shared, stateOf, intervalMs }: Outlook,
  identity: Identity,
): Circumstances {
  const { nowMs } = shared
  const state = stateOf(identity.bucket)
  return circumstancesOf(shared, identity, {
    ...state,
    polledMs: nowMs - intervalMs,
    auditedMs: nowMs - DAY_MS,
  })
}

function planSteady(outlook: Outlook, works: readonly Work[]): readonly EntryPlan[] {
  return works.flatMap((work) => {
    const circumstances = steadyCircumstances(outlook, work.identity)
    const entry = steadyEntry(work.identity, circumstances, outlook.intervalMs)
    const plan =
      work.purpose === 'live' ? planLive(work, entry, circumstances) : planOld(work, entry, circumstances)
    return plan ?? []
  })
}

function sliceLive(identities: readonly Identity[]) {
  return sliceWorks(identities.map((identity) => ({ identity, purpose: 'live' as const })))
}

/** What a poll asks by one rule. */
export interface Forecast {
  readonly rule: Rule
  readonly asked: Asked
}

/** Those whom every later poll will ask: who was active, by what AWS says now or said last. */
export function steadyAwake({
  identities,
  masked: { isFresh, recent, awake },
}: Pick<Outlook, 'identities' | 'masked'>): readonly Identity[] {
  if (!isFresh) return awake
  return identities.filter(({ fingerprint }) => recent.has(fingerprint))
}

/** A regular poll of who is awake, whole. */
function forecastAwake(outlook: Outlook, reach: Window | undefined): Asked {
  const asked = new Asked()
  const isAll = outlook.shared.policy.kind === 'everything'
  const asks = isAll ? outlook.identities : steadyAwake(outlook)
  for (const slice of sliceLive(asks)) asked.addPlans(planSteady(outlook, slice), reach)
  return asked
}

/** One poll in so many sweeps what no probe says. */
function pollsPerSweep({ shared, intervalMs }: Outlook): number {
  return Math.floor(shared.policy.maxLatenessMs / intervalMs) + 1
}

/**
 * Policy `probe`: the first questions are known. The rest is asked of who did something, which nobody can list: as much
 * as of late, and before the first poll all of it.
 */
function forecastProbes(outlook: Outlook, reach: Window | undefined): readonly Forecast[] {
  const { shared, masked } = outlook
  const [probe, sweep, rest] = [new Asked(), new Asked(), new Asked()]
  for (const slice of sliceLive(steadyAwake(outlook))) {
    const plans = planSteady(outlook, slice)
    const parts = plans.map((plan) => ({ plan, probing: probingOf(shared.catalogue, plan.work.identity) }))
    probe.addAsks(
      parts.flatMap(({ plan, probing }) =>
        probing === undefined ? [] : [{ wanted: probing.probes, window: reaching(plan.window, reach) }],
      ),
    )
    sweep.addPlans(parts.flatMap(({ plan, probing }) => (probing === undefined ? [plan] : [])))
    rest.addAsks(
      parts.flatMap(({ plan, probing }) =>
        probing === undefined ? [] : [{ wanted: [...probing.swept, ...probing.rest], window: plan.window }],
      ),
    )
  }
  const means = masked.before?.means
  // Means of another policy say nothing about this one.
  const isKnown = means?.['probe'] !== undefined
  const swept = means?.['probe'] === undefined ? undefined : Math.max(0, means['probe'] - probe.billedMetrics)
  return [
    { rule: 'probe', asked: probe },
    {
      rule: 'probe',
      asked: swept === undefined ? sweep.scaled(1 / pollsPerSweep(outlook)) : sweep.scaledTo(swept),
    },
    { rule: 'rest', asked: rest.scaledTo(isKnown ? (means?.['rest'] ?? 0) : undefined) },
  ]
}

/** The gate's sums of one poll in as many as it waits for the idle tier, and then with what of it waits besides. */
function forecastSums(outlook: Outlook, gate: Gate, sleeping: Pick<Masked, 'asleep' | 'before'>): Asked {
  const { shared, intervalMs } = outlook
  const { idle, critical, policy, place } = shared
  const asked = new Asked()
  asked.addAsks(gateAsks(place.namespace, gate))
  const waiting = idle === undefined ? [] : steadyAwake(outlook).filter((one) => idle.has(one))
  const polls = Math.max(1, Math.ceil((idle?.everyMs ?? 0) / intervalMs))
  const other = makeGate({ ...shared, critical: [...critical, ...waiting] }, sleeping)
  if (waiting.length === 0 || other === undefined) return asked
  const between = new Asked()
  between.addAsks(gateAsks(place.namespace, other))
  const gates = Math.ceil(polls / (Math.floor(policy.maxLatenessMs / intervalMs) + 1))
  return asked.scaled(1 / polls).joined(between.scaled((gates - 1) / polls))
}

/** What the region's sums cost, and as much for sleepers that wake as of late. */
function forecastGate(
  outlook: Outlook,
  gate: Gate,
  sleeping: Pick<Masked, 'asleep' | 'before'>,
): readonly Forecast[] {
  const { masked } = outlook
  const whole = forecastSums(outlook, gate, sleeping)
  const wake = new Asked()
  wake.addAsks(gate.sleepers.map(({ gated }) => ({ wanted: gated, window: gate.window })))
  const mean = masked.before?.means['wake'] ?? 0
  const share = wake.billedMetrics === 0 ? 0 : mean / wake.billedMetrics
  return [
    { rule: 'gate', asked: whole },
    ...(share === 0 ? [] : [{ rule: 'wake' as const, asked: wake.scaled(share) }]),
  ]
}

function forecastLive(outlook: Outlook, reach: Window | undefined): readonly Forecast[] {
  const { kind } = outlook.shared.policy
  if (kind === 'probe') return forecastProbes(outlook, reach)
  return [{ rule: kind, asked: forecastAwake(outlook, reach) }]
}

/** The idle tier in as many polls as it waits. What policy `probe` is known to cost by its means has that in it. */
function forecastTurns(outlook: Outlook, reach: Window | undefined): readonly Forecast[] {
  const { shared, identities, intervalMs, masked } = outlook
  const { idle } = shared
  const isKnown = shared.policy.kind === 'probe' && masked.before?.means['probe'] !== undefined
  if (idle === undefined || isKnown) return forecastLive(outlook, reach)
  const parts = Map.groupBy(identities, (identity) => idle.has(identity))
  const of = (isIdle: boolean): Outlook => {
    const own = parts.get(isIdle) ?? []
    const awake = masked.awake.filter((identity) => idle.has(identity) === isIdle)
    return { ...outlook, identities: own, masked: { ...masked, awake } }
  }
  const polls = Math.max(1, Math.ceil(idle.everyMs / intervalMs))
  return [
    ...forecastLive(of(false), reach),
    ...forecastLive(of(true), reach).map(({ rule, asked }) => ({ rule, asked: asked.scaled(1 / polls) })),
  ]
}

/** A poll, as every later one will be, by rule. */
export function forecastPoll(outlook: Outlook): readonly Forecast[] {
  const { shared, masked } = outlook
  const awake = new Set(steadyAwake(outlook))
  const asleep = outlook.identities.filter((identity) => !awake.has(identity))
  const sleeping = { asleep, before: masked.before }
  const gate = shared.policy.kind === 'everything' ? undefined : makeGate(shared, sleeping)
  const live = forecastTurns(outlook, gate?.window)
  return [...live, ...(gate === undefined ? [] : forecastGate(outlook, gate, sleeping))]
}

/** The audits of a day. */
export function forecastAudit(outlook: Outlook): Asked {
  const asked = new Asked()
  const { identities, shared, intervalMs } = outlook
  const { nowMs } = shared
  const steady = { kept: undefined, auditedMs: nowMs - DAY_MS, polledMs: nowMs - intervalMs }
  const ranges = digestRanges(steady, nowMs)
  for (const own of Map.groupBy(identities, ({ bucket }) => bucket).values()) {
    for (const slice of ranges.flatMap((range) => sliceAudit(own, range, nowMs)))
      asked.addPlans(planSteady(outlook, slice))
  }
  return asked
}

/** What the next poll asks of functions that it meets for the first time, besides the poll itself. */
export function forecastLongest({ shared, identities, masked, stateOf }: Outlook): Asked {
  const asked = new Asked()
  for (const slice of sliceLive(shared.policy.kind === 'everything' ? identities : masked.awake)) {
    const met = slice.map(({ identity }) => identity)
    asked.addSingles(planLongest(shared, { identities: met, stateOf }))
  }
  return asked
}

/** A window asked for by hand, of the ledgers as they are. */
export function forecastBackfill({ shared, identities, stateOf }: Outlook, window: Window): Asked {
  const asked = new Asked()
  for (const slice of sliceBackfill(identities, window, shared)) {
    asked.addPlans(slice.flatMap((work) => planEntry(shared, work, stateOf(work.identity.bucket)) ?? []))
  }
  return asked
}
