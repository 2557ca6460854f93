import {
  type CostPlan,
  MINUTE_MS,
  type PlannedLateness,
  type PlannedMetric,
  type PlannedRequests,
  type PlanQuestion,
} from 'guance-aws-lambda/dff'
import type { NamespaceContext } from './circumstances.ts'
import { CACHE_MS } from './discover.ts'
import type { Asked } from './asked.ts'
import {
  forecastAudit,
  forecastBackfill,
  forecastLongest,
  forecastPoll,
  type Outlook,
  steadyCircumstances,
} from './forecast.ts'
import { type HorizonCause, isByTimeout, settleMs } from './horizon.ts'
import { SERIES_PER_PAGE } from './list-series.ts'
import { groupByIdentity, type Identity } from './identity.ts'
import { maskIdentities } from './mask.ts'
import { type ConfigsOption, planOptions, surveyFor } from './plan-options.ts'
import { type NamespaceRun, prepareNamespace, tiersOf, withStatistics } from './prepare.ts'
import type { Rule } from './rule.ts'
import { loadBuckets } from './slice.ts'
import { makeTimeouts } from './timeouts.ts'
import { EARLY_MS, PERIOD_SEC } from './window.ts'

type Every = PlannedMetric['every']
type Rows = Pick<CostPlan, 'requests' | 'metrics'>

/** Rules that no series is asked for by two of. */
const WRITING: ReadonlySet<Rule> = new Set(['everything', 'mask', 'probe', 'rest'])

const NO_ROWS: Rows = { requests: [], metrics: [] }

function rowsOf(
  { shared }: Outlook,
  asked: Asked,
  { rule, every }: { readonly rule: Rule; readonly every: Every },
): Rows {
  if (asked.requests === 0) return NO_ROWS
  const { region, place } = shared
  const where = { accountId: region.accountId, region: region.region, rule, every }
  return {
    requests: [{ ...where, api: 'cloudwatch:GetMetricData', requests: asked.requests }],
    metrics: [...asked.metrics].map(([metric, sum]) => ({
      ...where,
      namespace: place.namespace,
      metric,
      ...sum,
      // Every other rule writes into the same time series.
      fields: WRITING.has(rule) ? sum.fields : 0,
    })),
  }
}

/** Pages by the number of series, once in as many polls as the list is kept for. */
function listingRequests(
  { shared, intervalMs, masked }: Outlook,
  listed: number,
): readonly PlannedRequests[] {
  const pages = Math.max(1, Math.ceil(listed / SERIES_PER_PAGE))
  const polls = Math.max(1, Math.ceil(CACHE_MS / intervalMs))
  const where = {
    accountId: shared.region.accountId,
    region: shared.region.region,
    api: 'cloudwatch:ListMetrics',
    every: 'poll' as const,
  }
  const all: PlannedRequests = { ...where, rule: 'listing', requests: pages / polls }
  if (shared.policy.kind === 'everything') return [all]
  const known = masked.awake.length + masked.asleep.length
  const share = known === 0 ? 1 : masked.awake.length / known
  const recentPages = Math.max(1, Math.ceil((share * listed) / SERIES_PER_PAGE))
  const recentPolls = Math.floor(shared.policy.maxLatenessMs / intervalMs) + 1
  return [all, { ...where, rule: 'mask', requests: recentPages / recentPolls }]
}

function causeName(cause: HorizonCause, isKnown: boolean): PlannedLateness['cause'] {
  if (!cause.hasInvocations) return 'pipeline'
  if (!isByTimeout(cause)) return 'longest'
  return isKnown ? 'timeout' : 'unknown'
}

/** How late minutes go out, equal ones counted together. */
function planLateness(outlook: Outlook, isKnown: boolean): readonly PlannedLateness[] {
  const { shared, identities } = outlook
  const { rewrite } = shared.sink
  const earlyMs = rewrite === 'last' || rewrite === 'max' ? EARLY_MS : Number.POSITIVE_INFINITY
  const rows = new Map<string, PlannedLateness>()
  for (const identity of identities) {
    const { cause } = steadyCircumstances(outlook, identity)
    const settledMs = settleMs(cause)
    const name = causeName(cause, isKnown)
    const key = `${name} ${settledMs}`
    rows.set(key, {
      accountId: shared.region.accountId,
      region: shared.region.region,
      sets: (rows.get(key)?.sets ?? 0) + 1,
      shownAfterMin: (PERIOD_SEC * 1000 + Math.min(settledMs, earlyMs)) / MINUTE_MS,
      finalAfterMin: (PERIOD_SEC * 1000 + settledMs) / MINUTE_MS,
      cause: name,
    })
  }
  return [...rows.values()]
}

function joinRows(rows: readonly Rows[]): Rows {
  return {
    requests: rows.flatMap(({ requests }) => requests),
    metrics: rows.flatMap(({ metrics }) => metrics),
  }
}

function planRows(outlook: Outlook, first: NamespaceContext): Rows {
  const { backfill } = outlook.shared.context
  const parts = [
    ...forecastPoll(outlook).map(({ rule, asked }) => rowsOf(outlook, asked, { rule, every: 'poll' })),
    rowsOf(outlook, forecastAudit(outlook), { rule: 'audit', every: 'day' }),
    rowsOf(outlook, forecastLongest({ ...outlook, shared: first }), { rule: 'longest', every: 'once' }),
  ]
  if (backfill !== undefined) {
    const asked = forecastBackfill(outlook, backfill)
    parts.push(rowsOf(outlook, asked, { rule: 'backfill', every: 'once' }))
  }
  return joinRows(parts)
}

/** What one namespace of a region will ask for, and how late. Throws AwsFailure when it cannot be listed. */
export async function planNamespace(
  run: NamespaceRun,
  { intervalMs }: PlanQuestion,
  options: readonly ConfigsOption[],
): Promise<CostPlan> {
  const surveyed = surveyFor(run.target, options)
  const { shared, discovery, identities, inventory } = await prepareNamespace(run, surveyed)
  const { listed, series } = discovery
  // Options ask for others, too.
  const every = groupByIdentity(
    withStatistics(run.compiled, run.target, series),
    run.target.catalogue?.nameDimension,
  )
  const works = every.map((identity) => ({ identity, purpose: 'live' as const }))
  const { stateOf } = await loadBuckets(shared, works)
  // Within a day all versions will have been read; what is known of them by now is the best guess of it.
  const swept =
    inventory === undefined ? undefined : { ...inventory, sweep: { endedMs: inventory.listedAtMs } }
  const isKnown = swept !== undefined
  const timeouts = shared.timeouts === undefined ? undefined : makeTimeouts(swept, shared.nowMs)
  // Also where it is not the policy: what it would save is one of the options.
  const policy = { ...shared.policy, kind: shared.policy.kind === 'probe' ? 'probe' : 'mask' } as const
  const masked = await maskIdentities({ ...shared, policy }, run.target, identities)
  const outlook: Outlook = { shared: { ...shared, timeouts }, identities, masked, stateOf, intervalMs }
  const rows = planRows(outlook, shared)
  const ofTier = (all: readonly Identity[]): readonly Identity[] => tiersOf(run, all, inventory).own
  const { namespace } = shared.place
  const place = { accountId: shared.region.accountId, region: shared.region.region }
  return {
    requests: [...rows.requests, ...listingRequests(outlook, listed)],
    metrics: rows.metrics,
    lateness: planLateness(outlook, isKnown),
    options: planOptions(place, options, { namespace, listed: series, outlook, ofTier }),
  }
}
