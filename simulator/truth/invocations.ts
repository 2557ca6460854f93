import { type EpochMs, MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import { invocationRate } from './activity.ts'
import { timeoutSecAt } from './change.ts'
import type { Lambda } from './lambda.ts'
import { createRandom, drawLogNormal, drawPoisson, mixSeed, type Random } from './random.ts'

/** How a request named the lambda: unqualified, or by its alias `live`, which sends a share to version 2. */
export type Route = 'unqualified' | 'live@1' | 'live@2'

/** One run of a lambda. CloudWatch stamps everything it measures with the minute of `startMs`. */
export interface Invocation {
  readonly startMs: EpochMs
  readonly endMs: EpochMs
  /** A multiple of 0.25 ms, so that sums are exact in binary whatever their order. */
  readonly durationMs: number
  readonly isError: boolean
  readonly route: Route
}

/** Spread of ln(duration): a p99 of about five times the median, as request handlers have. */
const DURATION_SIGMA = 0.7
const QUARTER = 4

/** Of what the trait or group says, before any timeout ends it. */
function drawDurationMs(random: Random, lambda: Lambda): number {
  const drawn = drawLogNormal(random, lambda.medianDurationMs, DURATION_SIGMA)
  return Math.min(Math.round(drawn * QUARTER) / QUARTER, lambda.maxDurationMs)
}

/** The few that run on towards their timeout. */
function stretch(random: Random, lambda: Lambda, durationMs: number, timeoutMs: number): number {
  if (lambda.longShare === 0 || random() >= lambda.longShare) return durationMs
  return durationMs + Math.round(random() * Math.max(timeoutMs * 1.05 - durationMs, 0) * QUARTER) / QUARTER
}

function drawRoute(random: Random, lambda: Lambda): Route {
  if (lambda.trait !== 'provisioned' || random() < 0.25) return 'unqualified'
  return random() < 0.1 ? 'live@2' : 'live@1'
}

/** An invocation is ended by the timeout of the version that runs it. */
function timeoutMsOf(lambda: Lambda, route: Route, startMs: EpochMs): number {
  const version = lambda.versions.find((each) => route === `live@${each.version}`)
  return (version?.timeoutSec ?? timeoutSecAt(lambda, startMs)) * SECOND_MS
}

/** The longest that an invocation of this lambda can run, whatever its version and whenever it started. */
export function longestMs(lambda: Lambda): number {
  const timeouts = [
    lambda.timeoutSec,
    ...lambda.versions.map(({ timeoutSec }) => timeoutSec),
    ...lambda.changes.map((change) => (change.kind === 'timeout' ? change.timeoutSec : 0)),
  ]
  const timeoutMs = Math.max(...timeouts) * SECOND_MS
  return lambda.longShare > 0 ? timeoutMs : Math.min(timeoutMs, lambda.maxDurationMs)
}

function drawInvocation(random: Random, lambda: Lambda, minuteMs: EpochMs): Invocation {
  const startMs = minuteMs + Math.floor(random() * MINUTE_MS)
  const drawnMs = drawDurationMs(random, lambda)
  const isFailed = random() < lambda.errorShare
  const route = drawRoute(random, lambda)
  const timeoutMs = timeoutMsOf(lambda, route, startMs)
  const wantedMs = stretch(random, lambda, drawnMs, timeoutMs)
  const durationMs = Math.min(Math.max(wantedMs, 0.75), timeoutMs)
  const isError = isFailed || durationMs >= timeoutMs
  return { startMs, endMs: startMs + durationMs, durationMs, isError, route }
}

/** The invocations that start in a minute, in order of their start. Pure: depends on the lambda and the minute alone. */
export function drawInvocations(lambda: Lambda, minuteMs: EpochMs): readonly Invocation[] {
  const perMin = invocationRate(lambda, minuteMs)
  if (perMin === 0) return []
  const random = createRandom(mixSeed(lambda.seed, minuteMs / MINUTE_MS))
  const invocations: Invocation[] = []
  for (let left = drawPoisson(random, perMin); left > 0; left--) {
    invocations.push(drawInvocation(random, lambda, minuteMs))
  }
  return invocations.toSorted((left, right) => left.startMs - right.startMs)
}
