import { firstValue, isObject, type JsonObject, ownValue } from './json-object.ts'
import type { LineParts } from './line-kind.ts'
import { isRequestId } from './request-id.ts'
import { readLevel, type Status } from './status.ts'
import { readTime } from './zoned-time.ts'

/** Lambda, Powertools, pino, winston, log4j, ECS, Python's JSON formatters, Serilog; in this order where a log has several. */
const LEVEL_KEYS = [
  'level',
  'log.level',
  'severity',
  'severityText',
  'levelname',
  'lvl',
  'LogLevel',
  '@l',
] as const

const TIME_KEYS = ['timestamp', '@timestamp', 'time', 'ts', '@t', 'Timestamp'] as const

/** Keys that mean Lambda's request; a bare `requestId` may be that of API Gateway, which is a UUID as well. */
const REQUEST_KEYS = [
  'function_request_id',
  'functionRequestId',
  'FunctionRequestId',
  'AWSRequestId',
  'AwsRequestId',
  'awsRequestId',
  'aws_request_id',
  'lambda_request_id',
] as const

/** What the runtimes write with the log format JSON, and nothing else; only among them is `requestId` Lambda's. */
const LAMBDA_KEYS: ReadonlySet<string> = new Set([
  'timestamp',
  'level',
  'requestId',
  'message',
  'errorType',
  'errorMessage',
  'stackTrace',
  'logger',
  'location',
  'tenantId',
  'traceId',
])

const ERROR_KEYS = ['errorType', 'exception_name', 'error.type', 'exceptionClass'] as const

/** Objects that hold an error, and what they call its type. */
const ERROR_HOLDERS = ['error', 'err', 'exception', 'thrown'] as const
const HELD_KEYS = ['type', 'name', 'exceptionClass', 'class'] as const

const MAX_ERROR_TYPE_LENGTH = 256

function asErrorType(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= MAX_ERROR_TYPE_LENGTH
    ? value
    : undefined
}

function readStatus(object: JsonObject): Status | undefined {
  for (const key of LEVEL_KEYS) {
    const status = readLevel(ownValue(object, key))
    if (status !== undefined) return status
  }
  const log = ownValue(object, 'log')
  return isObject(log) ? readLevel(ownValue(log, 'level')) : undefined
}

function readTimeMs(object: JsonObject): number | undefined {
  for (const key of TIME_KEYS) {
    const timeMs = readTime(ownValue(object, key))
    if (timeMs !== undefined) return timeMs
  }
  const instant = ownValue(object, 'instant')
  if (isObject(instant)) {
    const second = readTime(ownValue(instant, 'epochSecond'))
    const nano = ownValue(instant, 'nanoOfSecond')
    return second === undefined || typeof nano !== 'number' ? second : second + Math.floor(nano / 1e6)
  }
  const metrics = ownValue(object, '_aws')
  return isObject(metrics) ? readTime(ownValue(metrics, 'Timestamp')) : undefined
}

function readRequestId(object: JsonObject): string | undefined {
  const named = firstValue(object, REQUEST_KEYS)
  if (isRequestId(named)) return named
  const own = ownValue(object, 'requestId')
  return isRequestId(own) && Object.keys(object).every((key) => LAMBDA_KEYS.has(key)) ? own : undefined
}

function readErrorType(object: JsonObject): string | undefined {
  const named = asErrorType(firstValue(object, ERROR_KEYS))
  if (named !== undefined) return named
  for (const key of ERROR_HOLDERS) {
    const holder = ownValue(object, key)
    const held = isObject(holder) ? asErrorType(firstValue(holder, HELD_KEYS)) : undefined
    if (held !== undefined) return held
  }
  // With the log format JSON, Node puts the object that was logged into `message`.
  const message = ownValue(object, 'message')
  return isObject(message) ? asErrorType(ownValue(message, 'errorType')) : undefined
}

/** The object that a runtime writes for an error that nobody caught has no level. */
function isUncaught(object: JsonObject): boolean {
  return (
    typeof ownValue(object, 'errorType') === 'string' && typeof ownValue(object, 'errorMessage') === 'string'
  )
}

/** Level, time, request and error of a log in JSON, whoever wrote it; what it does not say plainly stays out. */
export function readJsonLine(object: JsonObject): LineParts {
  return {
    kind: 'app',
    status: readStatus(object) ?? (isUncaught(object) ? 'error' : undefined),
    timeMs: readTimeMs(object),
    requestId: readRequestId(object),
    errorType: readErrorType(object),
  }
}
