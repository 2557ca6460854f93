import type { FilteredLogEvent } from '@aws-sdk/client-cloudwatch-logs'
import type { EpochMs } from 'guance-aws-lambda/dff'
import { type AwsRegion, readList, readNumber, readToken } from 'guance-aws-lambda/sets/guance_integration'
import type { LogGroup } from './log-group.ts'
import type { PageRoom } from './page-room.ts'
import type { StreamEvent } from './stream-fold.ts'

export const FILTER_EVENTS = 'logs:FilterLogEvents'

/** An event as it is read. */
export interface LogEvent extends StreamEvent {
  readonly stream: string
  /** When CloudWatch Logs had it. */
  readonly ingestedMs: EpochMs
}

/** Which part of a group. */
export interface EventQuery {
  /** By the time of the events; the first instant and the last. */
  readonly startMs: EpochMs
  readonly lastMs: EpochMs
  readonly token: string | undefined
}

interface EventPage {
  readonly events: readonly LogEvent[]
  /** Of the next page, which may hold nothing; undefined after the last. */
  readonly token: string | undefined
}

const TEXTS = ['eventId', 'logStreamName', 'message'] as const

/** One without id or time could neither be told from another nor be put anywhere: the reply is none that AWS sends, and is asked for again. */
function readEvent(event: FilteredLogEvent): LogEvent {
  const { eventId, logStreamName: stream = '', message } = event
  const timeMs = readNumber(event.timestamp)
  if (typeof eventId !== 'string' || eventId === '' || timeMs === undefined) {
    throw new SyntaxError('the reply has an event without id or timestamp')
  }
  return {
    eventId,
    stream,
    timeMs,
    ingestedMs: readNumber(event.ingestionTime) ?? timeMs,
    message: message ?? '',
  }
}

/** One page of a group's events, oldest first as far as AWS sorts them; who holds it gives the room back. Throws AwsFailure. */
export async function filterEvents(
  region: AwsRegion,
  { id }: Pick<LogGroup, 'id'>,
  { startMs, lastMs, token }: EventQuery,
  room?: PageRoom,
): Promise<EventPage> {
  const { FilterLogEventsCommand } = await import('@aws-sdk/client-cloudwatch-logs')
  const client = await region.logs()
  const input = {
    ...(id.startsWith('arn:') ? { logGroupIdentifier: id } : { logGroupName: id }),
    startTime: startMs,
    // Inclusive, unlike that of GetLogEvents (aws.md §4.1).
    endTime: lastMs,
    ...(token === undefined ? {} : { nextToken: token }),
  }
  return region.call(FILTER_EVENTS, async (abortSignal) => {
    try {
      const command = new FilterLogEventsCommand(input)
      room?.attach(command)
      const { events, nextToken } = await client.send(command, { abortSignal })
      const list = readList<FilteredLogEvent>(events, 'events', TEXTS)
      return { events: list.map(readEvent), token: readToken(nextToken, token) }
    } catch (error) {
      // A reply that is none is asked for again later, and nothing of it is kept meanwhile.
      room?.giveBack()
      throw error
    }
  })
}
