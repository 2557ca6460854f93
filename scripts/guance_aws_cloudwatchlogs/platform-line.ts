import { ownValue } from './json-object.ts'
import type { LineKind, LineParts } from './line-kind.ts'
import { type PlatformEvent, readPlatformReport } from './platform-report.ts'
import { lineOfReport } from './report-line.ts'
import { isRequestId } from './request-id.ts'
import type { Status } from './status.ts'
import { readTime } from './zoned-time.ts'

const KINDS: ReadonlyMap<string, LineKind> = new Map<string, LineKind>([
  ['platform.start', 'start'],
  ['platform.runtimeDone', 'platform'],
  ['platform.extension', 'extension'],
])

/** What Lambda could not write or finish. */
const STATUSES: ReadonlyMap<string, Status> = new Map<string, Status>([
  ['platform.logsDropped', 'warning'],
  ['platform.fault', 'error'],
])

/** A platform.* event as a line. Its time is when it happened, which the report of an invocation tells apart from its start. */
export function readPlatformLine(event: PlatformEvent): LineParts {
  const { type, record } = event
  const timeMs = readTime(event.time)
  const report = readPlatformReport(event)
  if (report !== undefined) return { ...lineOfReport(report), timeMs }
  const ended = ownValue(record, 'status')
  const isFailure = ended === 'error' || ended === 'failure' || ended === 'timeout'
  const requestId = ownValue(record, 'requestId')
  const errorType = ownValue(record, 'errorType')
  return {
    kind: KINDS.get(type) ?? 'platform',
    status: STATUSES.get(type) ?? (isFailure ? 'error' : 'info'),
    timeMs,
    requestId: isRequestId(requestId) ? requestId : undefined,
    errorType: typeof errorType === 'string' ? errorType : undefined,
  }
}
