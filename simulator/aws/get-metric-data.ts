import { DAY_MS, type EpochMs, MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import type { Series } from '../truth/series.ts'
import { makeSamples } from '../truth/statistic.ts'
import type { Truth } from '../truth/truth.ts'
import type { Call, Operation } from './call.ts'
import { type Bucket, cutPage } from './metric-page.ts'
import {
  countBilled,
  isKnownNamespace,
  type MetricQuery,
  type MetricRequest,
  parseMetricRequest,
} from './metric-query.ts'

/** 60 s datapoints are kept for 15 days, 300 s for 63 and 3600 s for 455; a finer period than what is left finds nothing. */
function isKept(periodSec: number, ageMs: number): boolean {
  if (ageMs >= 455 * DAY_MS) return false
  if (ageMs >= 63 * DAY_MS) return periodSec % 3_600 === 0
  return ageMs < 15 * DAY_MS || periodSec % 300 === 0
}

interface Span {
  readonly startMs: EpochMs
  readonly endMs: EpochMs
  readonly nowMs: EpochMs
}

function readPeriod(truth: Truth, series: Series, { startMs, endMs, nowMs }: Span): readonly number[] {
  if (endMs - startMs <= MINUTE_MS) return truth.samples(series, startMs, nowMs)
  const values: number[] = []
  for (let atMs = startMs; atMs < endMs; atMs += MINUTE_MS) {
    for (const value of truth.samples(series, atMs, nowMs)) values.push(value)
  }
  return values
}

/** The buckets of one series that have samples, in the order of time. Buckets count from the rounded start. */
function readBuckets(truth: Truth, series: Series, span: Span & { readonly periodMs: number }): Bucket[] {
  const { periodMs, nowMs } = span
  const endMs = Math.min(span.endMs, nowMs)
  const buckets: Bucket[] = []
  for (let startMs = span.startMs; startMs < endMs; startMs += periodMs) {
    const values = readPeriod(truth, series, { startMs, endMs: Math.min(startMs + periodMs, endMs), nowMs })
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

/** How many datapoints a request asks for at most. */
function countAsked({ queries, startMs, endMs }: MetricRequest): number {
  return queries.reduce(
    (sum, { periodSec }) => sum + Math.ceil((endMs - startMs) / (periodSec * SECOND_MS)),
    0,
  )
}

/** cloudwatch:GetMetricData. Every answered request is billed, pages included; whether AWS bills a NextToken page is not documented. */
export const getMetricData: Operation = (call) => {
  const { counters, quotas, clock, denials } = call.simulation
  const { identity, region } = call.caller
  const request = parseMetricRequest(call)
  const ageMs = clock.nowMs() - request.startMs
  quotas.takeDatapoints(`${identity.accountId} ${region}`, countAsked(request), ageMs)
  const { results, next } = cutPage(request, createBucketReader(call, request), {
    fault: call.fault,
    isForbidden: ({ metric }) => denials.isForbidden(metric, call.caller),
  })
  countBilled(counters, request)
  return { MetricDataResults: results, Messages: [], ...(next === undefined ? {} : { NextToken: next }) }
}
