import { type EpochMs, formatTime, HOUR_MS, type RunContext } from 'guance-aws-lambda/dff'
import { type AwsFailure, makeProblem, type RegionResult } from 'guance-aws-lambda/sets/guance_integration'
import type { BillingRun } from './billing-run.ts'
import type { Place } from './place.ts'
import { type Reading, readingState } from './reading.ts'

/** After one failure an hour is waited, after the next two: each attempt may be on the bill. */
const MAX_WAIT_HOURS = 8

/** Whether a token is refused: then the reading begins anew, for the next page of that one is nowhere. */
const LOST_TOKEN = /^(InvalidNextToken|RequestChanged|BillExpiration)/

/** Whether the reading has to begin anew after this error. */
export function isTokenLost(error: unknown): boolean {
  const cause = error instanceof Error ? (error.cause as Error | undefined) : undefined
  return LOST_TOKEN.test(cause?.name ?? '')
}

/** Whether AWS will not answer this question for now: it was not enabled, or is not meant for this service. */
export function isUnanswerable(error: AwsFailure): boolean {
  const { name } = (error.cause ?? {}) as Partial<Error>
  return error.kind === 'forbidden' || name === 'DataUnavailableException' || name === 'ValidationException'
}

/** The checkpoint after a failed attempt. */
function noteFailure(reading: Reading, error: unknown, nowMs: EpochMs): Reading {
  const { open, ...rest } = reading
  const failures = (reading.failures ?? 0) + 1
  const waitMs = Math.min(MAX_WAIT_HOURS, 2 ** (failures - 1)) * HOUR_MS
  return {
    ...rest,
    ...(open === undefined || isTokenLost(error) ? {} : { open }),
    failures,
    // A trigger that comes every hour at the same minute is due again at the next tick.
    notBeforeMs: nowMs + waitMs - HOUR_MS / 2,
    failure: makeProblem(error, '').message,
  }
}

/** Notes a failed attempt in the checkpoint, and reports it. */
export async function keepFailure(
  { context, nowMs }: Pick<BillingRun, 'context' | 'nowMs'>,
  { place, scope, reading }: { readonly place: Place; readonly scope: string; readonly reading: Reading },
  error: AwsFailure,
): Promise<RegionResult> {
  const noted = noteFailure(reading, error, nowMs)
  await context.commit({ points: [], state: readingState(place, noted) })
  const problem = makeProblem(error, scope)
  context.report(problem)
  return { kind: 'failed', scope, problem }
}

/** Whether a failed attempt is still waited for; a time that lies further ahead than any wait was noted under a wrong clock. */
export function isWaiting({ notBeforeMs = 0 }: Reading, nowMs: EpochMs): boolean {
  return nowMs < notBeforeMs && notBeforeMs - nowMs <= MAX_WAIT_HOURS * HOUR_MS
}

/** Says what is waited for, so that a run that asks nothing does not pass for a good one. */
export function reportWaiting(context: RunContext, scope: string, reading: Reading): void {
  const until = formatTime(reading.notBeforeMs ?? context.triggerTimeMs)
  context.report({
    code: 'waiting',
    severity: 'warning',
    scope,
    message: `Not asked again before ${until}, because each attempt may be paid for. Last: ${reading.failure ?? 'no answer'}`,
  })
}
