/** What one namespace of a region is going to ask for, found by the functions that will ask, for an engine that is up to date. */
import { DAY_MS, type Window } from 'guance-aws-lambda/dff'
import { planLongest } from './ask-longest.ts'
import { sliceAudit } from './audit.ts'
import { sliceBackfill } from './backfill.ts'
import type { BucketState } from './bucket.ts'
import { circumstancesOf, type NamespaceContext } from './circumstances.ts'
import { digestRanges } from './digest-ranges.ts'
import { asksOf, type Circumstances, type EntryPlan, planLive, planOld, type Work } from './entry-plan.ts'
import { settleMs } from './horizon.ts'
import { fieldSetOf, NO_FIELDS } from './field-set.ts'
import type { Identity } from './identity.ts'
import type { Entry } from './ledger.ts'
import { billedOf, type MetricRequest, planRequests, type SeriesStatistics } from './plan.ts'
import { planEntry } from './slice.ts'
import { endAt, MAX_LOOKBACK_MS, PERIOD_SEC } from './window.ts'
import { sliceWorks } from './works.ts'

interface MetricSum {
  series: number
  billedMetrics: number
  fields: number
}

/** Requests and series of one rule, added up. */
export class Asked {
  requests = 0
  readonly metrics = new Map<string, MetricSum>()

  addPlans(plans: readonly EntryPlan[]): void {
    const asks = asksOf(plans)
    this.requests += planRequests(asks, PERIOD_SEC).length
    for (const { wanted } of asks) wanted.forEach((one) => this.#add(one))
  }

  /** Requests whose queries are each of a series of its own. */
  addSingles(requests: readonly MetricRequest[]): void {
    this.requests += requests.length
    for (const { queries } of requests) {
      for (const { series, statistic } of queries) this.#add({ series, statistics: [statistic] })
    }
  }

  #add({ series, statistics }: SeriesStatistics): void {
    const sum = this.metrics.get(series.metric) ?? { series: 0, billedMetrics: 0, fields: 0 }
    this.metrics.set(series.metric, sum)
    sum.series += 1
    sum.billedMetrics += billedOf({ statistics })
    sum.fields += statistics.length
  }
}

/** What a forecast is made from. */
export interface Outlook {
  readonly shared: NamespaceContext
  readonly identities: readonly Identity[]
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
    firstMs: endAt(nowMs, MAX_LOOKBACK_MS),
    fields: fieldSetOf(identity.wanted),
    former: [],
    missing: NO_FIELDS,
    holes: [],
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

/** A poll, as every later one will be. */
export function forecastPoll(outlook: Outlook): Asked {
  const asked = new Asked()
  for (const slice of sliceLive(outlook.identities)) asked.addPlans(planSteady(outlook, slice))
  return asked
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
export function forecastLongest({ shared, identities, stateOf }: Outlook): Asked {
  const asked = new Asked()
  for (const slice of sliceLive(identities)) {
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
