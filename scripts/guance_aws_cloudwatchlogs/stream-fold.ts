/**
 * The events of one log stream, in their order, as records: each with its request, and the lines of a stack trace with the line
 * they belong to.
 *
 * By default nothing is merged. CloudWatch stores the lines that a runtime prints one by one as events with ids of their own; each
 * stays a record of its own, at once, under its own id, and carries the request, the status and the `headEventId` of the line
 * that it continues. So nothing is held back for a line that may never come, nothing is lost between two polls, and the ids that
 * arrived can be compared with the ids that exist. With `isJoining` those that come in one page become one record under the id
 * of the first; `eventIds` keeps the ids of all, and what continues in a later page stays a record of its own with `headEventId`.
 */
import type { EpochMs } from 'guance-aws-lambda/dff'
import type { LogLine } from './line-kind.ts'
import { readLine } from './log-line.ts'
import type { Status } from './status.ts'
import { beginRequest, endRequest, type Head, runningRequest, type StreamCarry } from './stream-carry.ts'

export interface StreamEvent {
  readonly eventId: string
  /** CloudWatch's timestamp of the event. */
  readonly timeMs: EpochMs
  readonly message: string
}

export interface LogRecord extends StreamEvent {
  readonly line: LogLine
  /** Its own, or its head's. */
  readonly status: Status
  readonly requestId?: string
  readonly errorType?: string
  /** The first line of the log that this one continues; absent for a first line. */
  readonly headEventId?: string
  /** All events of a joined record, the first included; absent for one that is alone. */
  readonly eventIds?: readonly string[]
}

export interface FoldOptions {
  /** Whether lines that continue another become part of its record. */
  readonly isJoining: boolean
}

/** A stack trace is printed at once; what comes later is another log. */
const MAX_GAP_MS = 5_000

/** Longer than any stack trace that somebody reads; the limits of one joined message. */
const MAX_LINES = 1_000
const MAX_CHARACTERS = 256 * 1_024

const PYTHON_END = /^(?:[A-Za-z_]\w{0,100}\.){0,20}[A-Za-z_]\w{0,100}(?::|\s*$)/
/** Go prints the functions of a stack trace without indentation. */
const GO_FRAME = /^[\w./*()$-]{1,300}\(.{0,500}\)\s*$/

function continues(head: Head, { timeMs, message }: StreamEvent, line: LogLine): boolean {
  if (line.kind !== 'app' || timeMs - head.timeMs > MAX_GAP_MS || timeMs < head.timeMs) return false
  if (line.requestId !== undefined && line.requestId !== head.requestId) return false
  if (head.lines >= MAX_LINES || head.characters + message.length > MAX_CHARACTERS) return false
  if (line.isContinuation) return true
  if (head.isTraceback && line.timeMs === undefined) return PYTHON_END.test(message)
  return !line.hasLevel && head.status === 'critical' && GO_FRAME.test(message)
}

interface Folded {
  readonly record: LogRecord
  readonly carry: StreamCarry
}

function runningAfter(
  { running }: StreamCarry,
  line: LogLine,
  { timeMs, message }: StreamEvent,
): StreamCarry['running'] {
  if (line.requestId === undefined) return running
  if (line.kind === 'start') {
    return beginRequest(running, { requestId: line.requestId, startMs: timeMs }, message.startsWith('{'))
  }
  return line.kind === 'end' || line.kind === 'report' ? endRequest(running, line.requestId) : running
}

function foldFirst(carry: StreamCarry, event: StreamEvent, line: LogLine): Folded {
  const requestId =
    line.requestId ?? (line.kind === 'app' ? runningRequest(carry.running, event.timeMs) : undefined)
  const known = {
    ...(requestId === undefined ? {} : { requestId }),
    ...(line.errorType === undefined ? {} : { errorType: line.errorType }),
  }
  const record = { ...event, line, status: line.status, ...known }
  const running = runningAfter(carry, line, event)
  // Only what an application printed goes on over several events.
  if (line.kind !== 'app') return { record, carry: { running } }
  const head: Head = {
    eventId: event.eventId,
    timeMs: event.timeMs,
    status: line.status,
    ...known,
    isTraceback: event.message.startsWith('Traceback (most recent call last):'),
    lines: 0,
    characters: event.message.length,
  }
  return { record, carry: { running, head } }
}

function foldFurther(carry: StreamCarry, head: Head, event: StreamEvent, line: LogLine): Folded {
  // The last line of Python's names what the first did not.
  const errorType = head.errorType ?? line.errorType
  const known = {
    ...(head.requestId === undefined ? {} : { requestId: head.requestId }),
    ...(errorType === undefined ? {} : { errorType }),
  }
  const isOver = head.isTraceback && !line.isContinuation
  return {
    record: { ...event, line, status: head.status, headEventId: head.eventId, ...known },
    carry: {
      running: carry.running,
      head: {
        ...head,
        ...known,
        isTraceback: head.isTraceback && !isOver,
        timeMs: event.timeMs,
        lines: head.lines + 1,
        characters: head.characters + event.message.length,
      },
    },
  }
}

function foldOne(carry: StreamCarry, event: StreamEvent): Folded {
  const line = readLine(event.message)
  const { head } = carry
  if (head === undefined || !continues(head, event, line)) return foldFirst(carry, event, line)
  return foldFurther(carry, head, event, line)
}

function joined(first: LogRecord, further: LogRecord): LogRecord {
  return {
    ...first,
    message: `${first.message.replace(/\r?\n$/, '')}\n${further.message}`,
    ...(further.errorType === undefined ? {} : { errorType: further.errorType }),
    eventIds: [...(first.eventIds ?? [first.eventId]), further.eventId],
  }
}

/** The records of one page of a stream, and what the next page must know. Without joining, one record per event in the same order. */
export function foldStream(
  events: readonly StreamEvent[],
  carry: StreamCarry,
  { isJoining }: FoldOptions,
): { readonly records: readonly LogRecord[]; readonly carry: StreamCarry } {
  const records: LogRecord[] = []
  let current = carry
  for (const event of events) {
    const folded = foldOne(current, event)
    current = folded.carry
    const last = records.at(-1)
    const isPart = isJoining && last !== undefined && folded.record.headEventId === last.eventId
    if (isPart) records[records.length - 1] = joined(last, folded.record)
    else records.push(folded.record)
  }
  return { records, carry: current }
}
