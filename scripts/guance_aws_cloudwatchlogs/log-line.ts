import { isContinuation } from './continuation.ts'
import { defined } from './defined.ts'
import { readJsonLine } from './json-line.ts'
import { parseObject } from './json-object.ts'
import type { LineParts, LogLine } from './line-kind.ts'
import { readPlatformLine } from './platform-line.ts'
import { asPlatformEvent } from './platform-report.ts'
import { readSystemLine } from './system-line.ts'
import { readTextLine } from './text-line.ts'

function readParts(message: string): LineParts {
  const object = parseObject(message)
  if (object === undefined) return readSystemLine(message) ?? readTextLine(message)
  const event = asPlatformEvent(object)
  return event === undefined ? readJsonLine(object) : readPlatformLine(event)
}

/**
 * What one message of a Lambda log says by itself, in the text or the JSON format and of any runtime. Never throws, takes time
 * in proportion to the message, and leaves out what the message does not say plainly.
 */
export function readLine(message: string): LogLine {
  const parts = readParts(message)
  return defined({
    kind: parts.kind ?? 'app',
    status: parts.status ?? 'info',
    hasLevel: parts.status !== undefined,
    timeMs: parts.timeMs,
    requestId: parts.requestId,
    errorType: parts.errorType,
    isContinuation: parts.status === undefined && isContinuation(message),
    report: parts.report,
  })
}
