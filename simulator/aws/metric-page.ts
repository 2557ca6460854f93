import type { EpochMs } from '../../core/time.ts'
import type { Samples } from '../truth/statistic.ts'
import { makeToken, readToken } from './call.ts'
import { AwsError } from './error.ts'
import type { FaultKind } from './fault-kind.ts'
import type { MetricQuery, MetricRequest } from './metric-query.ts'
import { bendResults, forbid, type Result } from './metric-result.ts'

/** A datapoint before its statistic. */
export interface Bucket {
  readonly startMs: EpochMs
  readonly samples: Samples
}

/** What a query found, and where it stands in the answer as a whole: one place for the query itself and one for each datapoint. */
interface Found {
  readonly query: MetricQuery
  readonly buckets: readonly Bucket[]
  readonly start: number
  readonly end: number
}

/** A stretch of the answer; what is still to come is a list of them, and a token carries it. */
type Stretch = readonly [start: number, end: number]

/** A part of what a query found. */
interface Part {
  readonly found: Found
  readonly stretch: Stretch
}

function findAll(request: MetricRequest, read: (query: MetricQuery) => readonly Bucket[]): Found[] {
  let start = 0
  return request.queries
    .filter((query) => query.isReturned)
    .map((query) => {
      const ascending = read(query)
      const buckets = request.isAscending ? ascending : ascending.toReversed()
      const found = { query, buckets, start, end: start + 1 + buckets.length }
      start = found.end
      return found
    })
}

/** What the token leaves, or everything; in the order in which a fault wants it. */
function remainingOf(request: MetricRequest, end: number, fault: FaultKind | undefined): Stretch[] {
  const [first, ...rest] = request.token === undefined ? [[0, end] as const] : readStretches(request)
  if (!first || (fault !== 'partialPage' && fault !== 'oddOrder')) return first ? [first, ...rest] : rest
  const middle = Math.ceil((first[0] + first[1]) / 2)
  const halves: Stretch[] = [
    [first[0], middle],
    [middle, first[1]],
  ]
  const ordered = fault === 'oddOrder' ? halves.toReversed() : halves
  return [...ordered.filter(([start, to]) => start < to), ...rest]
}

function readStretches({ token = '', question }: MetricRequest): Stretch[] {
  const value = readToken(token, question)
  if (Array.isArray(value)) return value
  throw new AwsError('invalidToken', 'The specified token is invalid.')
}

/** As much of a stretch as there are datapoints left, in the order of the queries. */
function fillStretch(
  all: readonly Found[],
  [start, end]: Stretch,
  { most, before }: { readonly most: number; readonly before: readonly Part[] },
): Filled {
  const parts: Part[] = []
  const there = new Set(before.map(({ found }) => found))
  let left = most
  for (const found of all) {
    if (found.end <= start) continue
    if (found.start >= end) break
    const from = Math.max(found.start, start)
    // A query has one result on a page: what else there is of it waits for the next.
    if (left === 0 || there.has(found)) return { parts, end: from, left }
    const dataFrom = Math.max(from, found.start + 1)
    const whole = Math.min(found.end, end)
    const to = Math.min(whole, dataFrom + left)
    parts.push({ found, stretch: [from, to] })
    left -= to - dataFrom
    if (to < whole) return { parts, end: to, left }
  }
  return { parts, end, left }
}

interface Filled {
  readonly parts: readonly Part[]
  /** Where the next page goes on. */
  readonly end: number
  readonly left: number
}

/** Stretch after stretch up to `MaxDatapoints`; a fault that splits the answer sends one stretch alone. */
function fillPage(
  all: readonly Found[],
  todo: readonly Stretch[],
  { most, isOne }: { readonly most: number; readonly isOne: boolean },
): { parts: Part[]; remaining: Stretch[] } {
  const parts: Part[] = []
  const remaining = [...todo]
  let left = most
  while (left > 0) {
    const stretch = remaining.shift()
    if (!stretch) break
    const filled = fillStretch(all, stretch, { most: left, before: parts })
    parts.push(...filled.parts)
    left = filled.left
    const isCut = filled.end < stretch[1]
    if (isCut) remaining.unshift([filled.end, stretch[1]])
    if (isCut || isOne) break
  }
  return { parts, remaining }
}

/** A query that failed for good is not heard of again: a later page that calls its rest complete would lose the part before. */
function without(remaining: readonly Stretch[], failed: readonly Part[]): readonly Stretch[] {
  return failed.reduce(
    (stretches: readonly Stretch[], { found }) =>
      stretches.flatMap(([start, end]): Stretch[] => {
        if (end <= found.start || start >= found.end) return [[start, end]]
        const rest: Stretch[] = [
          [start, found.start],
          [found.end, end],
        ]
        return rest.filter(([from, to]) => from < to)
      }),
    remaining,
  )
}

/** A series that does not fit is cut and marked PartialData, and goes on in a later page. */
function makeResult({ found, stretch }: Part, remaining: readonly Stretch[]): Result {
  const { query, start } = found
  const buckets = found.buckets.slice(Math.max(stretch[0] - start - 1, 0), stretch[1] - start - 1)
  const goesOn = remaining.some(([from, to]) => from < found.end && to > start)
  return {
    Id: query.id,
    Label: query.label,
    Timestamps: buckets.map((bucket) => bucket.startMs / 1_000),
    Values: buckets.map((bucket) => query.statistic(bucket.samples)),
    StatusCode: goesOn ? 'PartialData' : 'Complete',
  }
}

interface Trouble {
  readonly fault: FaultKind | undefined
  readonly isForbidden: (query: MetricQuery) => boolean
}

/** One page of an answer, with what a fault makes of it. Series that no page has reached yet are not in it. */
export function cutPage(
  request: MetricRequest,
  read: (query: MetricQuery) => readonly Bucket[],
  { fault, isForbidden }: Trouble,
): { results: readonly object[]; next: string | undefined } {
  const all = findAll(request, read)
  const todo = remainingOf(request, all.at(-1)?.end ?? 0, fault)
  const isOne = fault === 'partialPage' || fault === 'oddOrder'
  const most = fault === 'emptyPage' ? 0 : request.maxDatapoints
  const { parts, remaining } = fillPage(all, todo, { most, isOne })
  const bent = bendResults(
    parts.map((part) => {
      const result = makeResult(part, remaining)
      return isForbidden(part.found.query) ? forbid(result) : result
    }),
    fault,
  )
  const failed = parts.filter((_, at) => bent.failed.includes(at))
  const kept =
    fault === 'internalError'
      ? [...remaining, ...failed.map(({ stretch }) => stretch)]
      : without(remaining, failed)
  const owed = fault === 'repeatedPage' ? todo : kept
  return {
    results: bent.results,
    next: owed.length === 0 ? undefined : makeToken(owed, request.question),
  }
}
