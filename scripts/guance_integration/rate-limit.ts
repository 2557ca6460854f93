/**
 * One AIMD limit: requests are granted at a rate that grows a little with each success and is halved when AWS throttles.
 * Pure: `nowMs` is a parameter, of any clock that never goes back.
 */

/** Bounds of a rate. All rates are requests per second. */
export interface RateRule {
  readonly startPerSec: number
  readonly floorPerSec: number
  readonly ceilingPerSec: number
  /** What a second of successes at one rate adds to it. */
  readonly stepPerSec: number
  /** How far requests may run ahead of the rate. AWS counts by the second, so a second's worth may go at once. */
  readonly burstMs: number
}

export interface RateLimit {
  readonly perSec: number
  /** When the next request would go if none might run ahead. */
  readonly dueMs: number
  /** Requests granted up to here went out before the last halving, and their answers say nothing about the rate since. */
  readonly halvedAtMs: number
}

const SECOND_MS = 1_000

/** A limit at the rule's start rate, or at one learnt earlier; idle, so that a burst may go. */
export function startLimit(
  { startPerSec, floorPerSec, ceilingPerSec }: RateRule,
  learntPerSec?: number,
): RateLimit {
  const perSec = Math.min(ceilingPerSec, Math.max(floorPerSec, learntPerSec ?? startPerSec))
  return { perSec, dueMs: Number.NEGATIVE_INFINITY, halvedAtMs: Number.NEGATIVE_INFINITY }
}

/** When the next request may go; at most `1 + (burst + span) × rate` go in any span. */
export function grant(
  { burstMs }: RateRule,
  limit: RateLimit,
  nowMs: number,
): { readonly limit: RateLimit; readonly atMs: number } {
  const atMs = Math.max(nowMs, limit.dueMs - burstMs)
  return { limit: { ...limit, dueMs: Math.max(limit.dueMs, atMs) + SECOND_MS / limit.perSec }, atMs }
}

/** After a request that AWS did not throttle. */
export function afterSuccess(rule: RateRule, limit: RateLimit, grantedAtMs: number): RateLimit {
  if (grantedAtMs <= limit.halvedAtMs || limit.perSec >= rule.ceilingPerSec) return limit
  // Divided by the rate, so that growth depends on time and not on how many requests are made in it.
  const grown = limit.perSec + rule.stepPerSec / Math.max(1, limit.perSec)
  return { ...limit, perSec: Math.min(rule.ceilingPerSec, grown) }
}

/**
 * After a throttled request: half the rate, and the burst is spent. Once for all requests granted before: five lanes
 * throttled together are one message from AWS, not five.
 */
export function afterThrottle(
  rule: RateRule,
  limit: RateLimit,
  { grantedAtMs, nowMs }: { readonly grantedAtMs: number; readonly nowMs: number },
): RateLimit {
  if (grantedAtMs <= limit.halvedAtMs) return limit
  const perSec = Math.max(rule.floorPerSec, limit.perSec / 2)
  return {
    perSec,
    dueMs: Math.max(limit.dueMs, nowMs + rule.burstMs + SECOND_MS / perSec),
    halvedAtMs: nowMs,
  }
}
