import { readJsonLine } from './json-line.ts'
import { parseObject } from './json-object.ts'
import type { LineParts } from './line-kind.ts'
import { REQUEST_ID } from './request-id.ts'
import { readLevel, type Status } from './status.ts'
import { readTime, ZONED_TIME } from './zoned-time.ts'

/** A line says who it is at its beginning. */
const HEAD_LENGTH = 1_024

const COLOUR = new RegExp(String.raw`\u001b\[[0-9;]{0,16}m`, 'g')

/** A type of error as runtimes print it: `ValueError`, `java.lang.IllegalStateException`, `Runtime.ImportModuleError`. */
const ERROR_NAME = String.raw`(?:[A-Za-z_$][\w$]{0,100}\.){0,20}(?:[A-Za-z_$][\w$]{0,100})?(?:Error|Exception|Exit|Interrupt|Timeout)`

const LEVEL = '[A-Za-z]{3,13}'

/** Node's and .NET's prefix: time, request or `undefined`, level, parted by tabs. */
const TABBED = new RegExp(`^(${ZONED_TIME})\\t(?:(${REQUEST_ID})|undefined|)\\t(${LEVEL})(?:\\t|$)`)

/** Python's logging on Lambda: `[ERROR]`, time, request or nothing. */
const BRACKETED = new RegExp(`^\\[(${LEVEL})\\]\\t(${ZONED_TIME})\\t(${REQUEST_ID})?(?=\\s|$)`)

/** Log4j and Logback patterns, Rust's tracing: time with or without a zone, perhaps the request and the thread, the level in capitals. */
const TIMED = new RegExp(
  String.raw`^(?:(${ZONED_TIME})|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?)\s{1,8}` +
    String.raw`(?:<?(${REQUEST_ID})>?\s{1,8})?(?:\[[^\]\n]{0,100}\]\s{1,8})?([A-Z]{3,8})(?=[\s:]|$)`,
)

/** Ruby's Logger. Its time has no zone. */
const RUBY = new RegExp(`^[DIWEFA], \\[[^\\]\\n]{1,60}\\]\\s{1,8}([A-Z]{3,7})(?:\\s+(${REQUEST_ID}))?\\s`)

/** logfmt: slog, logrus. */
const LOGFMT =
  /^(?:(?:time|ts|timestamp)=(?:"([^"\n]{1,40})"|(\S{1,40}))\s+)?(?:level|lvl|severity)="?([A-Za-z]{3,13})"?(?=\s|$)/

/** `[error] …`, `ERROR: …`, `WARN …`, `info: …`; a word of prose is no level, so it has capitals, brackets or a colon. */
const NAMED =
  /^(?:\[([A-Za-z]{3,13})\]|([A-Z]{3,8})(?=[\s:])|(error|warn|warning|info|debug|verbose|notice|fatal)(?=: ))/

const THROWN = new RegExp(
  `^(?:Exception in thread "[^"\\n]{0,200}" |Unhandled exception\\. |\\[[A-Z]{3,8}\\] |Uncaught )?(${ERROR_NAME})(?=:|\\s*(?:\\n|\\r|$))`,
)

/** Rust's panic names the thread. */
const PANIC = /^thread '[^'\n]{0,100}' (?:\(\d{1,10}\) )?panicked at /

/** Beginnings that say how bad it is without naming a level. */
const OPENINGS: readonly (readonly [opening: string, status: Status])[] = [
  ['LAMBDA_WARNING:', 'warning'],
  ['Traceback (most recent call last):', 'error'],
  ['Error raised from handler method', 'error'],
  ['FATAL ERROR: ', 'critical'],
  ['panic: ', 'critical'],
  ['fatal error: ', 'critical'],
]

function readThrown(head: string): string | undefined {
  return THROWN.exec(head)?.[1]
}

/** Java's runtime prints the message and the type of what nobody caught, then the stack trace, which begins with the type. */
function readRepeated(head: string): string | undefined {
  const end = head.indexOf('\n')
  const errorType = end === -1 ? undefined : readThrown(head.slice(end + 1))
  return errorType !== undefined && head.slice(0, end).trimEnd().endsWith(`: ${errorType}`)
    ? errorType
    : undefined
}

/** How Node begins what nobody caught; an object with the error follows. */
const UNCAUGHT = /^(?:Invoke Error|Uncaught Exception|Unhandled Promise Rejection)\s{0,8}(?=\{)/

/** Node's and .NET's lines. An object after the prefix is the application's own word: it says the level better than the method of console. */
function readTabbed(message: string): LineParts | undefined {
  const match = TABBED.exec(message.slice(0, HEAD_LENGTH))
  const status = readLevel(match?.[3])
  if (match === null || status === undefined) return undefined
  const prefix = { status, timeMs: readTime(match[1]), requestId: match[2] }
  const payload = message.slice(match[0].length).trimStart()
  const uncaught = UNCAUGHT.exec(payload)?.[0].length ?? 0
  const object = parseObject(payload.slice(uncaught))
  if (object === undefined) return { ...prefix, errorType: readThrown(payload.slice(0, HEAD_LENGTH)) }
  const own = readJsonLine(object)
  return { ...prefix, status: own.status ?? status, errorType: own.errorType }
}

function readBracketed(head: string): LineParts | undefined {
  const match = BRACKETED.exec(head)
  const status = readLevel(match?.[1])
  if (match === null || status === undefined) return undefined
  const errorType = readThrown(head.slice(match[0].length).trimStart())
  return { status, timeMs: readTime(match[2]), requestId: match[3], errorType }
}

function readTimed(head: string): LineParts | undefined {
  const match = TIMED.exec(head)
  const status = readLevel(match?.[3])
  if (match === null || status === undefined) return undefined
  return { status, timeMs: readTime(match[1]), requestId: match[2] }
}

function readRuby(head: string): LineParts | undefined {
  const match = RUBY.exec(head)
  const status = readLevel(match?.[1])
  return match === null || status === undefined ? undefined : { status, requestId: match[2] }
}

function readLogfmt(head: string): LineParts | undefined {
  const match = LOGFMT.exec(head)
  const status = readLevel(match?.[3])
  return match === null || status === undefined
    ? undefined
    : { status, timeMs: readTime(match[1] ?? match[2]) }
}

function readNamed(head: string): LineParts | undefined {
  const opening = OPENINGS.find(([text]) => head.startsWith(text))
  if (opening !== undefined) return { status: opening[1] }
  if (PANIC.test(head)) return { status: 'critical' }
  const errorType = readThrown(head) ?? readRepeated(head)
  const match = NAMED.exec(head)
  const status =
    readLevel(match?.[1] ?? match?.[2] ?? match?.[3]) ?? (errorType === undefined ? undefined : 'error')
  return status === undefined ? undefined : { status, errorType }
}

/** Level, time, request and error of an application's line of text, by the prefixes of runtimes and loggers; empty when it has none. */
export function readTextLine(message: string): LineParts {
  const start = message.slice(0, HEAD_LENGTH)
  const head = start.includes('\u001b') ? start.replaceAll(COLOUR, '') : start
  const parts =
    readTabbed(message) ??
    readBracketed(head) ??
    readTimed(head) ??
    readRuby(head) ??
    readLogfmt(head) ??
    readNamed(head)
  return { kind: 'app', ...parts }
}
