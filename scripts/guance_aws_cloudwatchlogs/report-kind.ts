/** How a phase ended, as `Status` of REPORT and `status` of platform events say it. */
export type ReportStatus = 'success' | 'failure' | 'error' | 'timeout'

const STATUSES: readonly unknown[] = ['success', 'failure', 'error', 'timeout']

export function isReportStatus(value: unknown): value is ReportStatus {
  return STATUSES.includes(value)
}

/** What AWS says of one invocation that is over. Managed Instances leave out what they do not bill. */
export interface InvocationReport {
  readonly kind: 'invocation'
  readonly requestId: string
  /** Lines of the text format name a status only where it is not success. */
  readonly status: ReportStatus
  readonly errorType?: string
  readonly durationMs: number
  /** Includes the initialisation that is billed since August 2025 (aws.md §2.4). */
  readonly billedDurationMs?: number
  readonly memorySizeMb?: number
  readonly maxMemoryUsedMb?: number
  readonly initDurationMs?: number
  readonly restoreDurationMs?: number
  readonly billedRestoreDurationMs?: number
  /** It waited for an initialisation or, with SnapStart, a restore. */
  readonly isColdStart: boolean
  readonly isOutOfMemory: boolean
  readonly traceId?: string
}

/** What AWS says of an initialisation. A successful one is told again by the invocation that waited for it. */
export interface InitReport {
  readonly kind: 'init'
  readonly status: ReportStatus
  readonly phase?: string
  readonly errorType?: string
  readonly initDurationMs?: number
}

/** What AWS says of a restore from a snapshot. A successful one is told again by the invocation that waited for it. */
export interface RestoreReport {
  readonly kind: 'restore'
  readonly status: ReportStatus
  readonly errorType?: string
  readonly restoreDurationMs?: number
}

export type Report = InvocationReport | InitReport | RestoreReport

/** What an invocation's end says of memory, in MB. */
export interface MemoryEnd {
  readonly errorType: string | undefined
  readonly memorySizeMb: number | undefined
  readonly maxMemoryUsedMb: number | undefined
}

/** Whether it ended for want of memory: named so, or the runtime was killed with all of it in use, as AWS's troubleshooting tells it. */
export function endedOutOfMemory({ errorType, memorySizeMb, maxMemoryUsedMb }: MemoryEnd): boolean {
  if (errorType === 'Runtime.OutOfMemory') return true
  if (errorType !== 'Runtime.ExitError' || memorySizeMb === undefined) return false
  return (maxMemoryUsedMb ?? 0) >= memorySizeMb
}
