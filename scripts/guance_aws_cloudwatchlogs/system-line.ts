import type { LineParts } from './line-kind.ts'
import { lineOfReport, TIMED_OUT } from './report-line.ts'
import { REQUEST_ID } from './request-id.ts'
import { readTextReport } from './text-report.ts'
import { readTime, ZONED_TIME } from './zoned-time.ts'

const START = new RegExp(`^START RequestId: +(${REQUEST_ID})[ \\t]+Version: +\\S+\\s*$`)
const END = new RegExp(`^END RequestId: +(${REQUEST_ID})\\s*$`)
const TIME_OUT = new RegExp(
  `^(${ZONED_TIME})[ \\t]+(${REQUEST_ID})[ \\t]+Task timed out after \\d+(?:\\.\\d+)? seconds\\s*$`,
)
/** A process that ended before its time: `RequestId: … Error: Runtime exited with error: signal: killed`, the type on the next line. */
const EXIT = new RegExp(`^RequestId: +(${REQUEST_ID})[ \\t]+(?:Error: |Process exited )`)
const ERROR_TYPE = /(?:^|\n)((?:Runtime|Extension|Sandbox|Function)\.\w{1,100})\s*$/
const PHASE = /^(?:INIT_START|RESTORE_START)[ \t]+Runtime Version: /
const EXTENSION = /^EXTENSION[ \t]+Name: /
const SUBSCRIPTION = /^(?:TELEMETRY|LOGS)[ \t]+Name: /
const SYSTEM_ERROR = /[ \t]Error Type: +(\S{1,256})/

/** Where a long message is still looked at: Lambda's own lines are short. */
const MAX_LENGTH = 4_096

function readExtension(message: string, kind: 'extension' | 'platform'): LineParts {
  const errorType = SYSTEM_ERROR.exec(message)?.[1]
  return { kind, status: errorType === undefined ? 'info' : 'error', errorType }
}

function readEnd(message: string): LineParts | undefined {
  const start = START.exec(message)
  if (start !== null) return { kind: 'start', status: 'info', requestId: start[1] }
  const end = END.exec(message)
  return end === null ? undefined : { kind: 'end', status: 'info', requestId: end[1] }
}

function readFailure(message: string): LineParts | undefined {
  const timeOut = TIME_OUT.exec(message)
  if (timeOut !== null) {
    const [, time, requestId] = timeOut
    return { kind: 'platform', status: 'error', timeMs: readTime(time), requestId, errorType: TIMED_OUT }
  }
  const exit = EXIT.exec(message)
  if (exit === null) return undefined
  const errorType = ERROR_TYPE.exec(message.trimEnd())?.[1]
  return { kind: 'platform', status: 'error', requestId: exit[1], errorType }
}

/** A line that Lambda itself writes in the text format; undefined for every other. */
export function readSystemLine(message: string): LineParts | undefined {
  if (message.length > MAX_LENGTH) return undefined
  // The letters that Lambda's own lines begin with: most lines are the application's and end here.
  if (!/^[SERITLX\d]/.test(message)) return undefined
  const report = readTextReport(message)
  if (report !== undefined) return lineOfReport(report)
  const read = readEnd(message) ?? readFailure(message)
  if (read !== undefined) return read
  if (PHASE.test(message)) return { kind: 'platform', status: 'info' }
  if (EXTENSION.test(message)) return readExtension(message, 'extension')
  if (SUBSCRIPTION.test(message)) return readExtension(message, 'platform')
  if (message.startsWith('XRAY TraceId: ')) return { kind: 'platform', status: 'info' }
  return undefined
}
