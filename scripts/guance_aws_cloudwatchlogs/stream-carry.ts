import type { EpochMs } from 'guance-aws-lambda/dff'
import type { Status } from './status.ts'

/** The line that further ones belong to. */
export type Head = {
  readonly eventId: string
  readonly timeMs: EpochMs
  readonly status: Status
  readonly requestId?: string
  readonly errorType?: string
  /** Python ends a stack trace with a line that is not indented. */
  readonly isTraceback: boolean
  /** Lines and UTF-16 units that follow it so far. */
  readonly lines: number
  readonly characters: number
}

/** An invocation that has begun and not ended. */
export type Running = { readonly requestId: string; readonly startMs: EpochMs }

/** What the next page or poll of a stream must know of this one: plain JSON of less than 2 KB. */
export type StreamCarry = { readonly running: readonly Running[]; readonly head?: Head }

export const EMPTY_CARRY: StreamCarry = { running: [] }

/** An invocation lasts at most 15 minutes; of what has not ended by then the end was lost. */
const MAX_RUNNING_MS = 16 * 60_000

/** Of a stream whose invocations overlap, more than one is already too many to tell whose a line is. */
const MAX_RUNNING = 8

/** With an invocation begun. In the text format they never overlap, so that a new one ends what was before. */
export function beginRequest(
  running: readonly Running[],
  begun: Running,
  mayOverlap: boolean,
): readonly Running[] {
  if (!mayOverlap) return [begun]
  const others = running.filter(
    ({ requestId, startMs }) => requestId !== begun.requestId && begun.startMs - startMs <= MAX_RUNNING_MS,
  )
  return [...others, begun].slice(-MAX_RUNNING)
}

export function endRequest(running: readonly Running[], requestId: string): readonly Running[] {
  return running.some((one) => one.requestId === requestId)
    ? running.filter((one) => one.requestId !== requestId)
    : running
}

/** The request that a line without one belongs to: the only one that runs; undefined between invocations and where several run. */
export function runningRequest(running: readonly Running[], timeMs: EpochMs): string | undefined {
  const [only, second] = running
  if (only === undefined || second !== undefined) return undefined
  return timeMs - only.startMs <= MAX_RUNNING_MS ? only.requestId : undefined
}
