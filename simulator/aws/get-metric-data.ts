import { DAY_MS, type EpochMs, MINUTE_MS } from '../../core/time.ts'
import type { Series } from '../truth/series.ts'
import { makeSamples, type Samples } from '../truth/statistic.ts'
import type { Truth } from '../truth/truth.ts'
import { type Call, makeToken, type Operation, readToken } from './call.ts'
import {
  countBilledMetrics,
  isKnownNamespace,
  type MetricQuery,
  type MetricRequest,
  parseMetricRequest,
} from './metric-query.ts'

interface Bucket {
  readonly startMs: EpochMs
  readonly samples: Samples
}

interface Result {
  readonly Id: string
  readonly Label: string
  readonly Timestamps: number[]
  readonly Values: number[]
  readonly StatusCode: 'Complete' | 'PartialData'
}

/** 60 s datapoints are kept for 15 days, 300 s for 63 and 3600 s for 455; a finer period than what is left finds nothing. */
function isKept(periodSec: number, ageMs: number): boolean {
  if (ageMs >= 455 * DAY_MS) return false
  if (ageMs >= 63 * DAY_MS) return periodSec % 3_600 === 0
  return ageMs < 15 * DAY_MS || periodSec % 300 === 0
}

/** The buckets of one series that have samples, in the order of time. Buckets count from the rounded start. */
function readBuckets(
  truth: Truth,
  series: Series,
  span: {
    readonly startMs: EpochMs
    readonly endMs: EpochMs
    readonly periodMs: number
    readonly nowMs: EpochMs
  },
): Bucket[] {
  const { periodMs, nowMs } = span
  const endMs = Math.min(span.endMs, nowMs)
  const buckets: Bucket[] = []
  for (let startMs = span.startMs; startMs < endMs; startMs += periodMs) {
    const values: number[] = []
    for (let atMs = startMs; atMs < Math.min(startMs + periodMs, endMs); atMs += MINUTE_MS) {
      for (const value of truth.samples(series, atMs, nowMs)) values.push(value)
    }
    if (values.length > 0) buckets.push({ startMs, samples: makeSamples(values) })
  }
  return buckets
}

/** Reads the buckets of a query; statistics of one metric share them. */
function createBucketReader(call: Call, request: MetricRequest): (query: MetricQuery) => readonly Bucket[] {
  const { truth, clock } = call.simulation
  const nowMs = clock.nowMs()
  const known = truth.series(call.caller.identity.accountId, call.caller.region)
  const read = new Map<string, readonly Bucket[]>()
  return ({ namespace, key, periodSec }) => {
    const series = isKnownNamespace(namespace) ? known.get(key) : undefined
    if (!series || !isKept(periodSec, nowMs - request.startMs)) return []
    const { startMs, endMs } = request
    const place = `${periodSec}\n${key}`
    const buckets =
      read.get(place) ?? readBuckets(truth, series, { startMs, endMs, periodMs: periodSec * 1_000, nowMs })
    read.set(place, buckets)
    return buckets
  }
}

function makeResult(query: MetricQuery, buckets: readonly Bucket[], status: Result['StatusCode']): Result {
  return {
    Id: query.id,
    Label: query.label,
    Timestamps: buckets.map((bucket) => bucket.startMs / 1_000),
    Values: buckets.map((bucket) => query.statistic(bucket.samples)),
    StatusCode: status,
  }
}

/**
 * One page: `MaxDatapoints` datapoints in the order of the queries. A series that does not fit is cut and marked PartialData,
 * and goes on in the next page; series that no page has reached yet are not in it.
 */
function cutPage(
  request: MetricRequest,
  read: (query: MetricQuery) => readonly Bucket[],
): { results: Result[]; next: string | undefined } {
  const skip = request.token === undefined ? 0 : readToken(request.token, request.question)
  const until = skip + request.maxDatapoints
  const results: Result[] = []
  let seen = 0
  for (const query of request.queries) {
    if (!query.isReturned) continue
    const ascending = read(query)
    const buckets = request.isAscending ? ascending : ascending.toReversed()
    const end = seen + buckets.length
    const isDone = end < skip || (end === skip && skip > 0)
    if (!isDone && seen >= until) return { results, next: makeToken(until, request.question) }
    const part = buckets.slice(Math.max(skip - seen, 0), until - seen)
    if (!isDone) results.push(makeResult(query, part, end > until ? 'PartialData' : 'Complete'))
    if (end > until) return { results, next: makeToken(until, request.question) }
    seen = end
  }
  return { results, next: undefined }
}

/** cloudwatch:GetMetricData. Every answered request is billed, pages included; whether AWS bills a NextToken page is not documented. */
export const getMetricData: Operation = (call) => {
  const request = parseMetricRequest(call)
  const { results, next } = cutPage(request, createBucketReader(call, request))
  call.simulation.counters.billedMetrics += countBilledMetrics(request.queries)
  return { MetricDataResults: results, Messages: [], ...(next === undefined ? {} : { NextToken: next }) }
}
