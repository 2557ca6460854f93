import type { Window } from 'guance-aws-lambda/dff'
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

/** Queries that fit in one request without its reply needing a second page, which AWS may bill again. */
export function maxQueries(window: Window, periodSec: number): number {
  const datapoints = Math.max(1, Math.ceil((window.endMs - window.startMs) / (periodSec * 1000)))
  return Math.min(MAX_QUERIES, Math.floor(MAX_DATAPOINTS / datapoints))
}

/**
 * Packs queries into as few requests as the limits allow, in the given order. All statistics of a series travel in one
 * request: AWS bills up to five of them as one metric, but only within the same call.
 */
export function planRequests(
  wanted: readonly SeriesStatistics[],
  window: Window,
  periodSec: number,
): readonly MetricRequest[] {
  const limit = maxQueries(window, periodSec)
  const requests: { readonly window: Window; readonly periodSec: number; readonly queries: Query[] }[] = []
  let current: Query[] | undefined
  for (const { series, statistics } of wanted) {
    if (current === undefined || current.length + statistics.length > limit) {
      current = []
      requests.push({ window, periodSec, queries: current })
    }
    for (const statistic of statistics) current.push({ id: `q${current.length}`, series, statistic })
  }
  return requests
}
