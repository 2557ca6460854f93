import { MINUTE_MS, SECOND_MS } from 'guance-aws-lambda/dff'
import type { CataloguedMetric } from './catalogue.ts'

export type Stamp = CataloguedMetric['stamp']

/** What Lambda and CloudWatch take from a measurement to its datapoint: below 150 s by all observation (aws.md §1.6). */
const PIPELINE_MS = 3 * MINUTE_MS

/** Lambda's limit: how long an invocation of a function that nobody knows may last. */
export const MAX_TIMEOUT_SEC = 900

/** Twice the longest invocation seen, plus a cold start and a slow day. */
export const LONGEST_FACTOR = 2
export const LONGEST_MARGIN_SEC = 30

/** What decides when the minutes of an identity are final. */
export interface HorizonCause {
  /** Whether a metric of it is stamped when an invocation begins and sent when it ends. */
  readonly hasInvocations: boolean
  /** Undefined: not known. */
  readonly timeoutSec: number | undefined
  /** Longest Duration seen in 14 days; undefined: not known. */
  readonly longestSec: number | undefined
  /** By how much AWS was seen to be later than assumed. */
  readonly widenMs: number
  /** From one datapoint of its slowest metric to the next; a minute when left out. */
  readonly intervalMs?: number
}

/** From a minute's end until its datapoints are final, in whole minutes; the class of identities that settle alike. */
export function settleMs(cause: HorizonCause): number {
  return roundUp(PIPELINE_MS + cause.widenMs + Math.max(invocationMs(cause), intervalMs(cause)))
}

/** As settleMs, but for an invocation that uses its whole timeout: a minute older than this never grows by the function's doing. */
export function latestMs(cause: HorizonCause): number {
  return settleMs({ ...cause, longestSec: undefined })
}

/** A datapoint of five minutes is there when all five are over, and stamped with the first. */
function intervalMs({ intervalMs: wholeMs = MINUTE_MS }: HorizonCause): number {
  return wholeMs - MINUTE_MS
}

function invocationMs({ hasInvocations, timeoutSec = MAX_TIMEOUT_SEC, longestSec }: HorizonCause): number {
  if (!hasInvocations) return 0
  const likelySec = longestSec === undefined ? timeoutSec : LONGEST_FACTOR * longestSec + LONGEST_MARGIN_SEC
  return Math.min(timeoutSec, likelySec) * SECOND_MS
}

/** Whether the timeout is what a minute waits for: nothing better is known, or it is shorter. */
export function isByTimeout({ timeoutSec = MAX_TIMEOUT_SEC, longestSec }: HorizonCause): boolean {
  return longestSec === undefined || timeoutSec <= LONGEST_FACTOR * longestSec + LONGEST_MARGIN_SEC
}

function roundUp(ms: number): number {
  return Math.ceil(ms / MINUTE_MS) * MINUTE_MS
}

/**
 * Whether a metric grows until an invocation ends. A stamp that nobody documents (`unknown`, or a metric the catalogue
 * lacks) is taken as one that does: too late is repaired by itself, too early is not.
 */
export function growsWithInvocation(stamp: Stamp | undefined): boolean {
  return stamp === undefined || stamp === 'completion' || stamp === 'unknown'
}
