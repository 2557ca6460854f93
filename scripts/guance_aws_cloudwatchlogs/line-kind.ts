import type { EpochMs } from 'guance-aws-lambda/dff'
import type { Report } from './report-kind.ts'
import type { Status } from './status.ts'

/** Who wrote a line and what about; `app` is everything that Lambda itself did not write. */
export type LineKind =
  | 'start'
  | 'end'
  | 'report'
  | 'init-report'
  | 'restore-report'
  | 'extension'
  | 'platform'
  | 'app'

/** What one message says by itself. */
export interface LogLine {
  readonly kind: LineKind
  /** `info` where the line says nothing. */
  readonly status: Status
  /** Whether the line says its status, rather than leaving it to `info`. */
  readonly hasLevel: boolean
  /** The time that the line says, which may differ from the event's; only where it says its zone. */
  readonly timeMs?: EpochMs
  readonly requestId?: string
  readonly errorType?: string
  /** It reads like a further line of the one before: part of a stack trace, or indented. */
  readonly isContinuation: boolean
  readonly report?: Report
}

/** What a reader of one format found; what it leaves out the line does not say. */
export interface LineParts {
  readonly kind?: LineKind | undefined
  readonly status?: Status | undefined
  readonly timeMs?: EpochMs | undefined
  readonly requestId?: string | undefined
  readonly errorType?: string | undefined
  readonly report?: Report | undefined
}
