import { MINUTE_MS, type RunContext } from 'guance-aws-lambda/dff'

/** A tick of the next five minutes finds the lease free: what is repaired later is late anyway, the next poll is not. */
const UNTIL_MS = 3 * MINUTE_MS

/** A request with its retries, and its commit, must end before the host ends the task. */
const MARGIN_MS = MINUTE_MS

type RunTime = Pick<RunContext, 'elapsedMs' | 'timeoutMs'>

/** Whether nothing new may be begun: the host is about to end the task. */
export function isEnding({ elapsedMs, timeoutMs }: RunTime): boolean {
  return elapsedMs() >= timeoutMs - MARGIN_MS
}

/** Whether the run has time for what can wait; once at least where live traffic took all of it, or gaps would stay for ever. */
export function hasTime(time: RunTime, isFirst: boolean): boolean {
  return !isEnding(time) && (isFirst || time.elapsedMs() < UNTIL_MS)
}
