import type { EpochMs } from '../../core/time.ts'
import type { LogRun } from './log-run.ts'

/** A line of one invocation, before it has a place and an id. */
export interface LogText {
  readonly timestampMs: EpochMs
  readonly message: string
}

const LEVELS = ['INFO', 'INFO', 'WARN', 'DEBUG', 'ERROR'] as const

function isoOf(timeMs: EpochMs): string {
  return new Date(timeMs).toISOString()
}

/** What a function writes of its own, as the library of its runtime formats it. */
function ownLine({ requestId, runtime }: LogRun, timeMs: EpochMs, nth: number): string {
  const level = LEVELS[nth % LEVELS.length] ?? 'INFO'
  const text = `handled order ${nth}, "第${nth}单" = ok`
  if (runtime.startsWith('python')) return `[${level}]\t${isoOf(timeMs)}\t${requestId}\t${text}\n`
  if (runtime.startsWith('nodejs')) return `${isoOf(timeMs)}\t${requestId}\t${level}\t${text}\n`
  return `${text}\n`
}

/** Java writes a stack trace line by line, each an event of its own; the others in one. */
function failureLines(run: LogRun): readonly string[] {
  if (run.status === 'timeout') {
    const seconds = (run.durationMs / 1_000).toFixed(2)
    return [`${isoOf(run.reportMs)} ${run.requestId} Task timed out after ${seconds} seconds\n\n`]
  }
  if (run.status === 'success') return []
  if (run.runtime.startsWith('java')) {
    return [
      'java.lang.IllegalStateException: no such order\n',
      '\tat shop.Orders.find(Orders.java:41)\n',
      '\tat shop.Handler.handleRequest(Handler.java:17)\n',
    ]
  }
  return [
    `Error: no such order\n    at find (/var/task/orders.mjs:41:9)\n    at handler (/var/task/index.mjs:7:3)`,
  ]
}

function reportLine(run: LogRun): string {
  const parts = [
    `REPORT RequestId: ${run.requestId}`,
    `Duration: ${run.durationMs.toFixed(2)} ms`,
    `Billed Duration: ${run.billedMs} ms`,
    `Memory Size: ${run.memoryMb} MB`,
    `Max Memory Used: ${run.maxMemoryMb} MB`,
    ...(run.initMs === undefined ? [] : [`Init Duration: ${run.initMs.toFixed(2)} ms`]),
    ...(run.status === 'success' ? [] : [`Status: ${run.status}`]),
    ...(run.errorType === undefined ? [] : [`Error Type: ${run.errorType}`]),
  ]
  return `${parts.join('\t')}\t\n`
}

/** The lines of an invocation as text, in the order in which they are written. */
export function writeText(run: LogRun): readonly LogText[] {
  const { startMs, reportMs, requestId, version } = run
  const own = run.lineOffsetsMs.map((offsetMs, nth) => ({
    timestampMs: startMs + offsetMs,
    message: ownLine(run, startMs + offsetMs, nth),
  }))
  const ends = [...failureLines(run), `END RequestId: ${requestId}\n`, reportLine(run)]
  return [
    { timestampMs: startMs, message: `START RequestId: ${requestId} Version: ${version}\n` },
    ...own,
    ...ends.map((message) => ({ timestampMs: reportMs, message })),
  ]
}

function platformJson(type: string, timeMs: EpochMs, record: object): LogText {
  return { timestampMs: timeMs, message: JSON.stringify({ time: isoOf(timeMs), type, record }) }
}

function failureJson({ status, reportMs, requestId }: LogRun): readonly LogText[] {
  if (status !== 'error') return []
  const message = {
    timestamp: isoOf(reportMs),
    level: 'ERROR',
    requestId,
    message: { errorType: 'Error', errorMessage: 'no such order', stackTrace: ['at find (orders.mjs:41:9)'] },
  }
  return [{ timestampMs: reportMs, message: JSON.stringify(message) }]
}

/** The same as JSON, as functions with LogFormat JSON have it. */
export function writeJson(run: LogRun): readonly LogText[] {
  const { startMs, reportMs, requestId, version } = run
  const own = run.lineOffsetsMs.map((offsetMs, nth) => {
    const level = LEVELS[nth % LEVELS.length] ?? 'INFO'
    const timestamp = isoOf(startMs + offsetMs)
    const message = JSON.stringify({ timestamp, level, requestId, message: `handled order ${nth}` })
    return { timestampMs: startMs + offsetMs, message }
  })
  const metrics = {
    durationMs: run.durationMs,
    billedDurationMs: run.billedMs,
    memorySizeMB: run.memoryMb,
    maxMemoryUsedMB: run.maxMemoryMb,
    ...(run.initMs === undefined ? {} : { initDurationMs: run.initMs }),
  }
  const ending = { status: run.status, ...(run.errorType === undefined ? {} : { errorType: run.errorType }) }
  return [
    platformJson('platform.start', startMs, { requestId, version }),
    ...own,
    ...failureJson(run),
    platformJson('platform.report', reportMs, { requestId, metrics, ...ending }),
  ]
}
