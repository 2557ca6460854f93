import { AwsError } from './error.ts'
import { DAY_MS, type EpochMs, MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import { NAMESPACE } from '../truth/series.ts'
import { makeSamples } from '../truth/statistic.ts'
import type { Call, Operation } from './call.ts'
import { type Bucket, cutPage } from './metric-page.ts'
import { countBilled, type MetricQuery, type MetricRequest, parseMetricRequest } from './metric-query.ts'

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

/** The samples of one series that are stamped with a minute and seen at `nowMs`. */
type SamplesAt = (minuteMs: EpochMs, nowMs: EpochMs) => readonly number[]

function readPeriod(samplesAt: SamplesAt, { startMs, endMs, nowMs }: Span): readonly number[] {
  if (endMs - startMs <= MINUTE_MS) return samplesAt(startMs, nowMs)
  const values: number[] = []
  for (let atMs = startMs; atMs < endMs; atMs += MINUTE_MS) {
    for (const value of samplesAt(atMs, nowMs)) values.push(value)
  }
  return values
}

/** The buckets of one series that have samples, in the order of time. Buckets count from the rounded start. */
function readBuckets(samplesAt: SamplesAt, span: Span & { readonly periodMs: number }): Bucket[] {
  const { periodMs, nowMs } = span
  const endMs = Math.min(span.endMs, nowMs)
  const buckets: Bucket[] = []
  for (let startMs = span.startMs; startMs < endMs; startMs += periodMs) {
    const values = readPeriod(samplesAt, { startMs, endMs: Math.min(startMs + periodMs, endMs), nowMs })
    if (values.length > 0) buckets.push({ startMs, samples: makeSamples(values) })
  }
  return buckets
}

/** How a series is read; undefined for one that does not exist. */
function samplesOf(call: Call, { namespace, key, owner }: MetricQuery): SamplesAt | undefined {
  const { truth, services } = call.simulation
  const { identity, region } = call.caller
  const accountId = owner ?? identity.accountId
  if (namespace === NAMESPACE) {
    const series = truth.series(accountId, region).get(key)
    return series && ((minuteMs, nowMs) => truth.samples(series, minuteMs, nowMs))
  }
  const series = services.series(namespace, accountId, region).get(key)
  return series && ((minuteMs, nowMs) => services.samples(series, minuteMs, nowMs))
}

/** Reads the buckets of a query; statistics of one metric share them. */
function createBucketReader(call: Call, request: MetricRequest): (query: MetricQuery) => readonly Bucket[] {
  const nowMs = call.simulation.clock.nowMs()
  const read = new Map<string, readonly Bucket[]>()
  return (query) => {
    const { namespace, key, periodSec, owner = '' } = query
    const samplesAt = samplesOf(call, query)
    if (!samplesAt || !isKept(periodSec, nowMs - request.startMs)) return []
    const { startMs, endMs } = request
    const place = `${owner}\n${periodSec}\n${namespace}\n${key}`
    const buckets =
      read.get(place) ?? readBuckets(samplesAt, { startMs, endMs, periodMs: periodSec * 1_000, nowMs })
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

/** A monitoring account sees what is linked to it, and nobody else anything of others. */
function requireLinks({ simulation, caller: { identity } }: Call, { queries }: MetricRequest): void {
  const visible = [identity.accountId, ...(simulation.links.get(identity.accountId) ?? [])]
  const foreign = queries.find(({ owner }) => owner !== undefined && !visible.includes(owner))?.owner
  if (foreign === undefined) return
  throw new AwsError(
    'denied',
    `User: ${identity.arn} is not authorized to perform: cloudwatch:GetMetricData on account ${foreign}`,
  )
}

/** cloudwatch:GetMetricData. Every answered request is billed, pages included; whether AWS bills a NextToken page is not documented. */
export const getMetricData: Operation = (call) => {
  const { counters, quotas, clock, denials } = call.simulation
  const { identity, region } = call.caller
  const request = parseMetricRequest(call)
  requireLinks(call, request)
  const ageMs = clock.nowMs() - request.startMs
  quotas.takeDatapoints(`${identity.accountId} ${region}`, countAsked(request), ageMs)
  const { results, next } = cutPage(request, createBucketReader(call, request), {
    fault: call.fault,
    isForbidden: ({ metric }) => denials.isForbidden(metric, call.caller),
  })
  countBilled(counters, request)
  return { MetricDataResults: results, Messages: [], ...(next === undefined ? {} : { NextToken: next }) }
}
