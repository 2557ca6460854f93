import { type Catalogue, type EpochMs, MINUTE_MS } from 'guance-aws-lambda/dff'
import type { Limits, Spent } from 'guance-aws-lambda/sets/guance_integration'
import type { Identity } from './identity.ts'
import { billedOf, type SeriesStatistics } from './plan.ts'
import type { Policy } from './policy.ts'

/** What is given up, in this order, while a budget or the cap on series is short. Each level keeps what the one before it gave up. */
export const LEVELS = [
  'nothing is given up',
  'metrics beyond the default ones are left out',
  'who is silent is looked for every 30 minutes',
  'everybody is polled every 30 minutes',
  'only Invocations, Errors, Throttles and Duration are collected',
] as const
const LAST_LEVEL = LEVELS.length - 1

const OPT_IN_LEVEL = 1
const IDLE_LEVEL = 2
const INTERVAL_LEVEL = 3

/** Half an hour: a sixth of the price, and what is late is late by less than an hour. */
const LONG_MS = 30 * MINUTE_MS

/** To come back from a level, so much of the limit must be enough: else it would come and go. */
const MARGIN = 0.9

/** Billed metrics of a poll and time series, by level. */
export interface Estimate {
  /** Of a poll that asks the idle tier, too. */
  readonly units: readonly number[]
  /** Of these, the idle tier's. */
  readonly idle: readonly number[]
  readonly series: readonly number[]
}

/** Tells whether a metric is collected at a level; where nobody knows the default or the core of a namespace, all of it is. */
function keptAt({ metrics }: Catalogue, level: number): (metric: string) => boolean {
  const all = Object.values(metrics)
  if (level >= LAST_LEVEL && all.some(({ core }) => core === true))
    return (metric) => metrics[metric]?.core === true
  if (level >= OPT_IN_LEVEL && all.some(({ seed }) => seed === true))
    return (metric) => metrics[metric]?.seed === true
  return () => true
}

/** Identities with what is still collected of them at a level. */
export function degrade(
  identities: readonly Identity[],
  catalogue: Catalogue | undefined,
  level: number,
): readonly Identity[] {
  if (level < OPT_IN_LEVEL || catalogue === undefined) return identities
  const isKept = keptAt(catalogue, level)
  return identities.flatMap((identity) => {
    const wanted = identity.wanted.filter(({ series }) => isKept(series.metric))
    return wanted.length === 0 ? [] : [{ ...identity, wanted }]
  })
}

/** The policy at a level. */
export function degradePolicy({ kind, maxLatenessMs }: Policy, level: number): Policy {
  if (level < IDLE_LEVEL) return { kind, maxLatenessMs }
  return { kind: kind === 'everything' ? 'mask' : kind, maxLatenessMs: Math.max(maxLatenessMs, LONG_MS) }
}

/** Whether a poll has to be left out at a level; half a minute is the jitter of ticks. */
export function isSkipped(level: number, { nowMs, lastMs }: { nowMs: EpochMs; lastMs: EpochMs }): boolean {
  return level >= INTERVAL_LEVEL && nowMs >= lastMs && nowMs - lastMs < LONG_MS - MINUTE_MS / 2
}

/** Billed metrics of a request at each level. */
function unitsOf(levels: readonly (readonly SeriesStatistics[])[]): readonly number[] {
  return levels.map((wanted) => wanted.reduce((sum, one) => sum + billedOf(one), 0))
}

/** What a poll of who is awake costs at each level when it asks them for everything; and how many series it keeps. */
export function estimate(
  awake: readonly Identity[],
  catalogue: Catalogue | undefined,
  isIdle: (identity: Identity) => boolean = () => false,
): Estimate {
  const wantedOf = (identities: readonly Identity[]): readonly (readonly SeriesStatistics[])[] =>
    LEVELS.map((_, level) => degrade(identities, catalogue, level).flatMap(({ wanted }) => wanted))
  const kept = wantedOf(awake)
  return {
    units: unitsOf(kept),
    idle: unitsOf(wantedOf(awake.filter(isIdle))),
    series: kept.map((wanted) => wanted.reduce((sum, { statistics }) => sum + statistics.length, 0)),
  }
}

/** The sum of several estimates, level by level. */
export function addEstimates(estimates: readonly Estimate[]): Estimate {
  const sum = (pick: (one: Estimate) => readonly number[]): readonly number[] =>
    LEVELS.map((_, level) => estimates.reduce((total, one) => total + (pick(one)[level] ?? 0), 0))
  return {
    units: sum(({ units }) => units),
    // A version before wrote none.
    idle: sum(({ idle }: Partial<Estimate>) => idle ?? []),
    series: sum(({ series }) => series),
  }
}

/** What decides on a level. */
export interface Pressure {
  readonly limits: Limits & { readonly maxSeries?: number | undefined }
  readonly spent: Spent
  /** Billed metrics that the other accounts need of a poll. */
  readonly othersPerPoll: number
  readonly estimate: Estimate
  readonly intervalMs: number
  /** Between two turns of the idle tier. */
  readonly idleEveryMs?: number | undefined
  readonly nowMs: EpochMs
}

/** The first instant of the month of a time and of the next, UTC, as AWS bills. */
function monthOf(nowMs: EpochMs): { readonly startMs: EpochMs; readonly endMs: EpochMs } {
  const date = new Date(nowMs)
  const at = (month: number): EpochMs => Date.UTC(date.getUTCFullYear(), month)
  return { startMs: at(date.getUTCMonth()), endMs: at(date.getUTCMonth() + 1) }
}

/** The time between polls at a level, of those that come every `intervalMs`. */
export function intervalAt(level: number, intervalMs: number): number {
  return level >= INTERVAL_LEVEL ? Math.max(intervalMs, LONG_MS) : intervalMs
}

/** Whether what is left is enough for the rest of the month at a level, going on like this. */
function fits(
  { limits, spent, othersPerPoll, estimate: cost, intervalMs, idleEveryMs = 0, nowMs }: Pressure,
  level: number,
  share: number,
): boolean {
  const { startMs, endMs } = monthOf(nowMs)
  const everyMs = intervalAt(level, intervalMs)
  const units = cost.units[level] ?? 0
  const idle = cost.idle[level] ?? 0
  const perMs = (units - idle) / everyMs + idle / Math.max(everyMs, idleEveryMs)
  const rest = perMs * (endMs - nowMs)
  const elapsed = Math.max(nowMs - startMs, everyMs)
  // Other accounts are taken to go on as they did.
  const others = ((spent.monthInAll - spent.month) * (endMs - startMs)) / elapsed
  const within = (amount: number, limit: number | undefined): boolean =>
    limit === undefined || amount <= limit * share
  return (
    within(units, limits.perPoll) &&
    within(othersPerPoll + units, limits.perPollInAll) &&
    within(spent.month + rest, limits.perMonth) &&
    within(spent.month + rest + others, limits.perMonthInAll) &&
    within(cost.series[level] ?? 0, limits.maxSeries)
  )
}

/** The level of this poll: one step from the last one's, towards the first that is cheap enough. Pure. */
export function nextLevel(before: number, pressure: Pressure): number {
  if (!fits(pressure, before, 1)) return Math.min(before + 1, LAST_LEVEL)
  return before > 0 && fits(pressure, before - 1, MARGIN) ? before - 1 : before
}

/** Whether nothing is left to be given up. */
export function isLast(level: number): boolean {
  return level >= LAST_LEVEL
}

/** Whether not even the last level keeps within the cap on series. */
export function isBeyondCap({ limits, estimate: cost }: Pick<Pressure, 'limits' | 'estimate'>): boolean {
  return limits.maxSeries !== undefined && (cost.series[LAST_LEVEL] ?? 0) > limits.maxSeries
}

/** Where a cap on series is set and nobody knows yet how many there are. */
export const CAUTIOUS_LEVEL: number = LAST_LEVEL
