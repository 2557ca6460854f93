import { formatTime, type Json, type RunContext } from 'guance-aws-lambda/dff'
import { AwsFailure, type AwsRegion, mapConcurrently } from 'guance-aws-lambda/sets/guance_integration'
import { cursorState } from './cursor.ts'
import { deliveredState } from './delivered.ts'
import { fetchRequest, type QueryOutcome } from './fetch.ts'
import type { Stage } from './packs.ts'
import { planRequests } from './plan.ts'
import { makePoints, type TagsOf } from './points.ts'
import { PERIOD_SEC } from './window.ts'

/** What the slices of one namespace in one region share. */
export interface SliceContext {
  readonly context: RunContext
  readonly region: AwsRegion
  readonly namespace: string
  readonly tagsOf: TagsOf
  /** Fields that ever had a datapoint; grows. */
  readonly delivered: Set<string>
  /** Stored with every slice. */
  readonly accountState: Readonly<Record<string, Json>>
}

export interface SliceResult {
  readonly requests: number
  readonly points: number
}

function requireComplete(outcomes: readonly QueryOutcome[]): void {
  const open = outcomes.filter(({ outcome }) => outcome.kind === 'partial' || outcome.kind === 'transient')
  const [first] = open
  if (first === undefined) return
  const reason = 'reason' in first.outcome ? first.outcome.reason : ''
  const cause = new Error(`${open.length} of ${outcomes.length} queries did not come complete: ${reason}`)
  throw new AwsFailure('transient', 'cloudwatch:GetMetricData', cause)
}

function reportForbidden(
  { context, region, namespace }: SliceContext,
  outcomes: readonly QueryOutcome[],
): void {
  const forbidden = outcomes.filter(({ outcome }) => outcome.kind === 'forbidden')
  const [first] = forbidden
  if (first === undefined) return
  context.report({
    code: 'forbidden',
    severity: 'error',
    scope: `${region.scope}/${namespace}`,
    action: 'cloudwatch:GetMetricData',
    message: `AWS answers Forbidden for ${forbidden.length} queries, the first of ${first.query.series.metric}; their minutes are left out. Allow cloudwatch:GetMetricData without a condition that excludes them.`,
  })
}

/**
 * Asks for one stage and commits its points with its cursors. Throws AwsFailure with nothing committed when any query
 * is incomplete: the cursors stay, and the next run asks for the whole slice again.
 */
export async function collectSlice(slice: SliceContext, stage: Stage): Promise<SliceResult> {
  const { context, region, namespace } = slice
  const requests = stage.parts.flatMap(({ wanted, window }) => planRequests(wanted, window, PERIOD_SEC))
  const answers = await mapConcurrently(requests, context.concurrency, async (request) =>
    fetchRequest(region, request),
  )
  const outcomes = answers.flat()
  requireComplete(outcomes)
  const points = makePoints(outcomes, slice.tagsOf)
  const cursors = stage.cursors.map(({ bucket, cursor }) =>
    cursorState(region, { namespace, bucket }, cursor),
  )
  const delivered = new Set(slice.delivered)
  const state = deliveredState(region, delivered, outcomes)
  await context.commit({
    points,
    state: Object.assign({}, ...cursors, state, slice.accountState) as Record<string, Json>,
  })
  for (const field of delivered) slice.delivered.add(field)
  reportForbidden(slice, outcomes)
  return { requests: requests.length, points: points.length }
}

/** `[oldest start, latest end)` of what a stage asks for. */
export function formatStage(stage: Stage): string {
  const starts = stage.parts.map(({ window }) => window.startMs)
  const ends = stage.parts.map(({ window }) => window.endMs)
  return `[${formatTime(Math.min(...starts))}, ${formatTime(Math.max(...ends))})`
}
