import { HOUR_MS, type Window } from 'guance-aws-lambda/dff'
import { billedFor } from 'guance-aws-lambda/sets/guance_integration'
import type { Series } from './series.ts'

/** Limits of one GetMetricData call (aws.md §1.1). */
const MAX_QUERIES = 500
const MAX_DATAPOINTS = 100_800

/** A series with the statistics to ask for. */
export interface SeriesStatistics {
  readonly series: Series
  readonly statistics: readonly string[]
}

export interface Query {
  /** Unique within its request. */
  readonly id: string
  readonly series: Series
  readonly statistic: string
}

/** One GetMetricData call to be made; with its pages and repetitions. */
export interface MetricRequest {
  readonly window: Window
  readonly periodSec: number
  readonly queries: readonly Query[]
}

/** Metrics that AWS bills for a series that is asked for whole, as every series is. */
export function billedOf({ statistics }: Pick<SeriesStatistics, 'statistics'>): number {
  return billedFor(statistics.length)
}

/** Metrics that AWS bills for one call of a request, without its pages and repetitions. */
export function billedOfRequest({ queries }: Pick<MetricRequest, 'queries'>): number {
  const counts = new Map<Series, number>()
  for (const { series } of queries) counts.set(series, (counts.get(series) ?? 0) + 1)
  return [...counts.values()].reduce((sum, count) => sum + billedFor(count), 0)
}

/** Series that are asked for over one window. */
export interface Ask {
  readonly wanted: readonly SeriesStatistics[]
  readonly window: Window
}

/** Beyond what it asked for, a series may be asked for this much more to share a request: not billed, but read and thrown away. */
const MAX_SURPLUS_MS = HOUR_MS

function lengthMs({ startMs, endMs }: Window): number {
  return endMs - startMs
}

/** Queries that fit in one request without its reply needing a second page, which AWS may bill again. */
export function maxQueries(window: Window, periodSec: number): number {
  const datapoints = Math.max(1, Math.ceil(lengthMs(window) / (periodSec * 1000)))
  return Math.min(MAX_QUERIES, Math.floor(MAX_DATAPOINTS / datapoints))
}

function hullOf(left: Window, right: Window): Window {
  return {
    startMs: Math.min(left.startMs, right.startMs),
    endMs: Math.max(left.endMs, right.endMs),
  }
}

interface OpenRequest {
  window: Window
  /** The shortest window asked for in it. */
  shortestMs: number
  readonly queries: Query[]
}

/** The request with one more series, or undefined when it is full or the windows are too far apart. */
function widen(request: OpenRequest, ask: Ask, { count, periodSec }: { count: number; periodSec: number }) {
  const window = hullOf(request.window, ask.window)
  const shortestMs = Math.min(request.shortestMs, lengthMs(ask.window))
  if (lengthMs(window) - shortestMs > MAX_SURPLUS_MS) return undefined
  return request.queries.length + count > maxQueries(window, periodSec) ? undefined : { window, shortestMs }
}

/**
 * Packs queries into few requests: asks with like windows share one, which covers them all. All statistics of a series
 * travel in one request: AWS bills up to five of them as one metric, but only within the same call.
 */
export function planRequests(asks: readonly Ask[], periodSec: number): readonly MetricRequest[] {
  const requests: OpenRequest[] = []
  const sorted = asks.toSorted(
    (left, right) => left.window.startMs - right.window.startMs || left.window.endMs - right.window.endMs,
  )
  let current: OpenRequest | undefined
  for (const ask of sorted) {
    for (const { series, statistics } of ask.wanted) {
      const wider =
        current === undefined ? undefined : widen(current, ask, { count: statistics.length, periodSec })
      if (current === undefined || wider === undefined) {
        current = { window: ask.window, shortestMs: lengthMs(ask.window), queries: [] }
        requests.push(current)
      } else Object.assign(current, wider)
      for (const statistic of statistics) {
        current.queries.push({ id: `q${current.queries.length}`, series, statistic })
      }
    }
  }
  return requests.map(({ window, queries }) => ({ window, periodSec, queries }))
}
