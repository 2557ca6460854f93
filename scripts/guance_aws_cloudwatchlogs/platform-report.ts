import { defined } from './defined.ts'
import { isObject, type JsonObject, ownValue } from './json-object.ts'
import { endedOutOfMemory, isReportStatus, type Report, type ReportStatus } from './report-kind.ts'
import { isRequestId } from './request-id.ts'

/** An event of the JSON log format and of the Telemetry API (aws.md §4.3). */
export interface PlatformEvent {
  readonly time: string
  readonly type: string
  readonly record: JsonObject
}

const KEYS: readonly string[] = ['time', 'type', 'record']

/** Exactly what Lambda writes: a log of the application that merely has such a type is its own. */
export function asPlatformEvent(object: JsonObject): PlatformEvent | undefined {
  const { time, type, record } = object
  if (typeof time !== 'string' || typeof type !== 'string' || !type.startsWith('platform.')) return undefined
  if (!isObject(record) || Object.keys(object).some((key) => !KEYS.includes(key))) return undefined
  return { time, type, record }
}

/** What is larger is no measurement: a duration of 11 days, a memory of 1 TB. */
const TOO_LONG_MS = 1e9
const TOO_LARGE_MB = 1e6

type Measured = number | undefined | 'wrong'

function measured(metrics: JsonObject, key: string): Measured {
  const value = ownValue(metrics, key)
  if (value === undefined) return undefined
  const bound = key.endsWith('MB') ? TOO_LARGE_MB : TOO_LONG_MS
  return typeof value === 'number' && value >= 0 && value < bound ? value : 'wrong'
}

const METRICS = [
  'durationMs',
  'billedDurationMs',
  'memorySizeMB',
  'maxMemoryUsedMB',
  'initDurationMs',
  'restoreDurationMs',
  'billedRestoreDurationMs',
] as const

type Metrics = Partial<Record<(typeof METRICS)[number], number>>

/** The known metrics; undefined when one of them is no measurement, because then none of the event can be trusted. */
function readMetrics(record: JsonObject): Metrics | undefined {
  const metrics = ownValue(record, 'metrics') ?? {}
  if (!isObject(metrics)) return undefined
  const read: Metrics = {}
  for (const key of METRICS) {
    const value = measured(metrics, key)
    if (value === 'wrong') return undefined
    if (value !== undefined) read[key] = value
  }
  return read
}

interface Read {
  readonly record: JsonObject
  readonly status: ReportStatus
  readonly errorType: string | undefined
  readonly metrics: Metrics
}

/** X-Ray's header of the event, `Root=1-…;Parent=…`, or the bare id. */
function readTraceId(record: JsonObject): string | undefined {
  const tracing = ownValue(record, 'tracing')
  const value = isObject(tracing) ? ownValue(tracing, 'value') : undefined
  if (typeof value !== 'string') return undefined
  return /^(?:Root=)?(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)/.exec(value)?.[1]
}

function makeInvocation({ record, status, errorType, metrics }: Read): Report | undefined {
  const requestId = ownValue(record, 'requestId')
  const { durationMs, initDurationMs, restoreDurationMs } = metrics
  if (!isRequestId(requestId) || durationMs === undefined) return undefined
  const { memorySizeMB: memorySizeMb, maxMemoryUsedMB: maxMemoryUsedMb } = metrics
  return defined({
    kind: 'invocation' as const,
    requestId,
    status,
    errorType,
    durationMs,
    billedDurationMs: metrics.billedDurationMs,
    memorySizeMb,
    maxMemoryUsedMb,
    initDurationMs,
    restoreDurationMs,
    billedRestoreDurationMs: metrics.billedRestoreDurationMs,
    isColdStart: initDurationMs !== undefined || restoreDurationMs !== undefined,
    isOutOfMemory: endedOutOfMemory({ errorType, memorySizeMb, maxMemoryUsedMb }),
    traceId: readTraceId(record),
  })
}

function makePhase(type: string, { record, status, errorType, metrics }: Read): Report {
  const { durationMs } = metrics
  if (type === 'platform.restoreReport') {
    return defined({ kind: 'restore' as const, status, errorType, restoreDurationMs: durationMs })
  }
  const phase = ownValue(record, 'phase')
  return defined({
    kind: 'init' as const,
    status,
    phase: typeof phase === 'string' ? phase : undefined,
    errorType,
    initDurationMs: durationMs,
  })
}

/** The report in platform.report, platform.initReport or platform.restoreReport; undefined for another event or one that is not well formed. */
export function readPlatformReport({ type, record }: PlatformEvent): Report | undefined {
  if (!['platform.report', 'platform.initReport', 'platform.restoreReport'].includes(type)) return undefined
  const status = ownValue(record, 'status')
  const metrics = readMetrics(record)
  if (!isReportStatus(status) || metrics === undefined) return undefined
  const errorType = ownValue(record, 'errorType')
  const read = { record, status, errorType: typeof errorType === 'string' ? errorType : undefined, metrics }
  return type === 'platform.report' ? makeInvocation(read) : makePhase(type, read)
}
