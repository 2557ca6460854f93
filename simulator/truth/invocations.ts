import { type EpochMs, MINUTE_MS } from '../../core/time.ts'
import type { Lambda } from './lambda.ts'
import { createRandom, drawLogNormal, drawPoisson, mixSeed } from './random.ts'

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

function drawDurationMs(random: () => number, lambda: Lambda): number {
  const drawn = Math.round(drawLogNormal(random, lambda.medianDurationMs, DURATION_SIGMA) * QUARTER) / QUARTER
  return Math.min(Math.max(drawn, 0.75), lambda.timeoutSec * 1_000)
}

function drawRoute(random: () => number, lambda: Lambda): Route {
  if (lambda.trait !== 'provisioned' || random() < 0.25) return 'unqualified'
  return random() < 0.1 ? 'live@2' : 'live@1'
}

/** The invocations that start in a minute, in order of their start. Pure: depends on the lambda and the minute alone. */
export function drawInvocations(lambda: Lambda, minuteMs: EpochMs): readonly Invocation[] {
  if (!lambda.isActive) return []
  const random = createRandom(mixSeed(lambda.seed, minuteMs / MINUTE_MS))
  const count = drawPoisson(random, lambda.invocationsPerMin)
  const invocations: Invocation[] = []
  for (let at = 0; at < count; at++) {
    const startMs = minuteMs + Math.floor(random() * MINUTE_MS)
    const durationMs = drawDurationMs(random, lambda)
    const isTimeout = durationMs >= lambda.timeoutSec * 1_000
    const isError = random() < lambda.errorShare || isTimeout
    invocations.push({
      startMs,
      endMs: startMs + durationMs,
      durationMs,
      isError,
      route: drawRoute(random, lambda),
    })
  }
  return invocations.toSorted((left, right) => left.startMs - right.startMs)
}
