import type { LineKind, LineParts } from './line-kind.ts'
import type { Report } from './report-kind.ts'

const KINDS: Readonly<Record<Report['kind'], LineKind>> = {
  invocation: 'report',
  init: 'init-report',
  restore: 'restore-report',
}

/** How Lambda names a time-out to the caller. */
export const TIMED_OUT = 'Sandbox.Timedout'

/** A report as a line: everything but success is an error. */
export function lineOfReport(report: Report): LineParts {
  const isTimeout = report.status === 'timeout'
  return {
    kind: KINDS[report.kind],
    status: report.status === 'success' ? 'info' : 'error',
    requestId: report.kind === 'invocation' ? report.requestId : undefined,
    errorType: report.errorType ?? (isTimeout ? TIMED_OUT : undefined),
    report,
  }
}
