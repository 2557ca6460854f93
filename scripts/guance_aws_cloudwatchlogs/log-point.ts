import type { FieldValue, Point } from 'guance-aws-lambda/dff'
import { cutMessage } from './cut.ts'
import type { LogEvent } from './filter-events.ts'
import { makeReportFields } from './report-fields.ts'
import type { Redact } from './redact.ts'
import type { LogRecord } from './stream-fold.ts'

type Tags = Readonly<Record<string, string>>

/** What all logs of a stream share. */
export interface StreamPlace {
  readonly source: string
  readonly tags: Tags
}

/** CloudWatch hands lines over with their line break. Step by step: a regular expression takes the square of many empty lines. */
function withoutBreak(message: string): string {
  let end = message.length
  while (end > 0 && (message[end - 1] === '\n' || message[end - 1] === '\r')) end -= 1
  return message.slice(0, end)
}

/** No type of an error is longer. */
const MAX_ERROR_TYPE = 256

/** On a log whose end is hidden because a pattern of `redact` would have taken too long over it. */
const REST_HIDDEN = 'rest_hidden'

export function isRestHidden({ fields }: Pick<Point, 'fields'>): boolean {
  return fields[REST_HIDDEN] === true
}

/** What comes from a message is hidden and bounded in a field as well. */
function shownType(errorType: string | undefined, redact: Redact): Record<string, FieldValue> {
  return errorType === undefined ? {} : { error_type: redact(errorType).text.slice(0, MAX_ERROR_TYPE) }
}

function knownFields(record: LogRecord): Record<string, FieldValue> {
  const { requestId, errorType, headEventId, eventIds } = record
  return {
    ...(requestId === undefined ? {} : { request_id: requestId }),
    ...(errorType === undefined ? {} : { error_type: errorType }),
    ...(headEventId === undefined ? {} : { head_event_id: headEventId }),
    ...(eventIds === undefined ? {} : { event_ids: eventIds.join(',') }),
  }
}

/** A record as a log; its measurement becomes `source` (guance.md §6.5). */
export function makeLogPoint(
  record: LogRecord,
  { ingestedMs }: Pick<LogEvent, 'ingestedMs'>,
  { source, tags, redact }: StreamPlace & { readonly redact: Redact },
): Point {
  // Hidden before it is cut: half a secret would have no looks any more.
  const hidden = redact(withoutBreak(record.message))
  const { message, originalBytes } = cutMessage(hidden.text)
  const { report } = record.line
  return {
    category: 'logging',
    measurement: source,
    tags,
    fields: {
      message,
      status: record.status,
      event_id: record.eventId,
      ingestion_time: BigInt(Math.round(ingestedMs)),
      ...knownFields(record),
      ...(hidden.isRestHidden ? { [REST_HIDDEN]: true } : {}),
      ...(originalBytes === undefined ? {} : { original_bytes: BigInt(originalBytes) }),
      ...(report === undefined ? {} : makeReportFields(report)),
      ...shownType(report?.errorType ?? record.errorType, redact),
    },
    timeMs: record.timeMs,
  }
}
