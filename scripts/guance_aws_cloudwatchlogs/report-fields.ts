import type { FieldValue } from 'guance-aws-lambda/dff'
import { defined } from './defined.ts'
import type { InvocationReport, Report } from './report-kind.ts'

export type ReportFields = Readonly<Record<string, FieldValue>>

function invocationFields(report: InvocationReport): ReportFields {
  return defined({
    duration_ms: report.durationMs,
    billed_duration_ms: report.billedDurationMs,
    memory_size_mb: report.memorySizeMb,
    max_memory_used_mb: report.maxMemoryUsedMb,
    init_duration_ms: report.initDurationMs,
    restore_duration_ms: report.restoreDurationMs,
    billed_restore_duration_ms: report.billedRestoreDurationMs,
    cold_start: report.isColdStart,
    out_of_memory: report.isOutOfMemory,
    invocation_status: report.status,
    error_type: report.errorType,
    trace_id: report.traceId,
  })
}

/** What a report says, as fields of its log. Its status has a name of its own, because `status` is the log's level. */
export function makeReportFields(report: Report): ReportFields {
  if (report.kind === 'invocation') return invocationFields(report)
  if (report.kind === 'restore') {
    return defined({
      restore_duration_ms: report.restoreDurationMs,
      restore_status: report.status,
      error_type: report.errorType,
    })
  }
  return defined({
    init_duration_ms: report.initDurationMs,
    init_phase: report.phase,
    init_status: report.status,
    error_type: report.errorType,
  })
}
