import type { GetMetricDataCommandOutput, MetricDataResult } from '@aws-sdk/client-cloudwatch'
import type { EpochMs, Outcome } from 'guance-aws-lambda/dff'
import { AwsFailure, type AwsRegion, readToken } from 'guance-aws-lambda/sets/guance_integration'
import type { MetricRequest, Query } from './plan.ts'

const ACTION = 'cloudwatch:GetMetricData'

/** How often the queries that did not come complete are asked again before the slice is left to the next run. */
const MAX_ROUNDS = 3

/** A request is planned to fit one page; AWS may cut it smaller, but not without end. */
const MAX_PAGES = 100

/** Value by minute; a Map, because pages may repeat a timestamp. */
export type Datapoints = ReadonlyMap<EpochMs, number>

/** What became of each query, in the order of the request. */
export interface QueryOutcome {
  readonly query: Query
  readonly outcome: Outcome<Datapoints>
  /** AWS left it out of every reply: taken for silent, but nobody has said so. */
  readonly isUnanswered?: true
}

interface Collected {
  readonly datapoints: Map<EpochMs, number>
  status: string
}

function unreadable(detail: string): AwsFailure {
  return new AwsFailure('transient', ACTION, new Error(`a reply that cannot be read: ${detail}`))
}

interface Page {
  readonly results: readonly {
    readonly id: string
    readonly status: string
    readonly pairs: readonly (readonly [EpochMs, number])[]
  }[]
  readonly token: string | undefined
}

/** The SDK passes on whatever JSON came (aws.md §7): checked here, once. Throws AwsFailure transient. */
function parseResult(result: MetricDataResult, known: ReadonlySet<string>): Page['results'][number] {
  if (typeof result !== 'object' || result === null) throw unreadable('a result that is none')
  const { Id, Timestamps: timestamps = [], Values: values = [], StatusCode: status = 'Complete' } = result
  if (Id === undefined || !known.has(Id))
    throw unreadable(`a result for ${String(Id)}, which was not asked for`)
  if (!Array.isArray(timestamps) || !Array.isArray(values)) throw unreadable('no list of values')
  if (timestamps.length !== values.length) {
    throw unreadable(`${timestamps.length} timestamps for ${values.length} values`)
  }
  const pairs = timestamps.map((time: unknown, index): readonly [EpochMs, number] => {
    const value: unknown = values[index]
    const timeMs = time instanceof Date ? time.getTime() : Number.NaN
    if (typeof value !== 'number' || !Number.isFinite(value) || Number.isNaN(timeMs)) {
      throw unreadable('a value or time that is no number')
    }
    return [timeMs, value]
  })
  return { id: Id, status, pairs }
}

function parsePage(
  reply: GetMetricDataCommandOutput,
  queries: readonly Query[],
  given: string | undefined,
): Page {
  // An empty 200 of a proxy parses to nothing at all and would look like silence of every function.
  if (!Array.isArray(reply.MetricDataResults)) throw unreadable('no MetricDataResults')
  const known = new Set(queries.map(({ id }) => id))
  return {
    results: reply.MetricDataResults.map((result) => parseResult(result, known)),
    token: readToken(reply.NextToken, given),
  }
}

/** Joins one page: by query and timestamp, so that neither the order of pages nor a repeated one changes the result. */
function mergePage(collected: ReadonlyMap<string, Collected>, page: Page, { window }: MetricRequest): void {
  for (const { id, status, pairs } of page.results) {
    const entry = collected.get(id)
    if (entry === undefined) continue
    entry.status = status
    for (const [timeMs, value] of pairs) {
      // Outside the window it belongs to another run, which would write it a second time.
      if (timeMs >= window.startMs && timeMs < window.endMs) entry.datapoints.set(timeMs, value)
    }
  }
}

function commandInput(
  { owner }: AwsRegion,
  { window, periodSec }: MetricRequest,
  { queries, token }: { readonly queries: readonly Query[]; readonly token: string | undefined },
) {
  return {
    MetricDataQueries: queries.map(({ id, series, statistic }) => ({
      Id: id,
      ...(owner === undefined ? {} : { AccountId: owner }),
      MetricStat: {
        Metric: {
          Namespace: series.namespace,
          MetricName: series.metric,
          Dimensions: series.dimensions.map(({ name, value }) => ({ Name: name, Value: value })),
        },
        Period: periodSec,
        Stat: statistic,
      },
    })),
    StartTime: new Date(window.startMs),
    EndTime: new Date(window.endMs),
    ScanBy: 'TimestampAscending' as const,
    ...(token === undefined ? {} : { NextToken: token }),
  }
}

async function fetchPage(
  region: AwsRegion,
  {
    request,
    queries,
    token,
  }: { request: MetricRequest; queries: readonly Query[]; token: string | undefined },
): Promise<Page> {
  const { GetMetricDataCommand } = await import('@aws-sdk/client-cloudwatch')
  const client = await region.cloudwatch()
  const input = commandInput(region, request, { queries, token })
  // Parsed inside the call, so that a garbled reply is asked for again like any transient failure.
  return region.call(ACTION, async (abortSignal) =>
    parsePage(await client.send(new GetMetricDataCommand(input), { abortSignal }), queries, token),
  )
}

async function fetchRound(
  region: AwsRegion,
  request: MetricRequest,
  queries: readonly Query[],
): Promise<ReadonlyMap<string, Collected>> {
  const collected = new Map(
    queries.map(({ id }): [string, Collected] => [id, { datapoints: new Map(), status: 'absent' }]),
  )
  let token: string | undefined
  for (let page = 0; page < MAX_PAGES; page += 1) {
    // One page after the other: each one names the next.
    const parsed: Page = await fetchPage(region, { request, queries, token })
    mergePage(collected, parsed, request)
    token = parsed.token
    if (token === undefined) return collected
  }
  throw unreadable(`no last page among ${MAX_PAGES}`)
}

function isFinal(status: string, round: number): boolean {
  // AWS answers a series without data with empty lists; one left out is asked for once more, then taken as silent.
  return status === 'Complete' || status === 'Forbidden' || (status === 'absent' && round > 1)
}

function outcomeOf({ status, datapoints }: Collected, round: number): Outcome<Datapoints> {
  if (status === 'Forbidden') {
    return { kind: 'forbidden', action: ACTION, reason: 'AWS answers Forbidden for this metric' }
  }
  if (isFinal(status, round)) return { kind: 'complete', value: datapoints }
  return { kind: 'partial', value: datapoints, reason: `AWS still answers ${status} after ${round} requests` }
}

/**
 * Fetches one request: all pages, then again only the queries that did not come complete. "No data" is complete.
 * Throws AwsFailure when the call itself fails.
 */
export async function fetchRequest(
  region: AwsRegion,
  request: MetricRequest,
): Promise<readonly QueryOutcome[]> {
  const outcomes = new Map<string, Outcome<Datapoints>>()
  const unanswered = new Set<string>()
  let open = request.queries
  for (let round = 1; round <= MAX_ROUNDS && open.length > 0; round += 1) {
    // One round after the other: a round asks for what the last one left open.
    const collected = await fetchRound(region, request, open)
    for (const [id, entry] of collected) {
      outcomes.set(id, outcomeOf(entry, round))
      if (entry.status === 'absent') unanswered.add(id)
      else unanswered.delete(id)
    }
    open = open.filter(({ id }) => outcomes.get(id)?.kind === 'partial')
  }
  return request.queries.map((query) => ({
    query,
    outcome: outcomes.get(query.id) ?? { kind: 'transient', reason: 'not answered' },
    ...(unanswered.has(query.id) ? { isUnanswered: true as const } : {}),
  }))
}
