/** What functions write, and how late CloudWatch Logs has it. */
export interface LogOptions {
  /** From an event's time to its ingestion, evenly between the two. */
  readonly minDelaySec: number
  readonly maxDelaySec: number
  /** Share of the events that come later than that, evenly up to `maxLateSec`, 0…1. */
  readonly lateShare: number
  readonly maxLateSec: number
  /** Share of the pages that hold nothing although a token says that there is more. */
  readonly emptyShare: number
  /** Share of the invocations that write `burstLines` lines in one millisecond. */
  readonly burstShare: number
  readonly burstLines: number
  /** Lines of its own that an invocation writes at most. */
  readonly maxLines: number
  /** Share of the invocations that start cold. */
  readonly coldShare: number
  /** Share of the functions that write JSON. */
  readonly jsonShare: number
  /** Share of the functions that write into one group of their region, `/shared/functions`. */
  readonly sharedShare: number
  /** A bound as well of what one question derives. */
  readonly retentionDays: number
}

export const DEFAULT_LOGS: LogOptions = {
  minDelaySec: 1,
  maxDelaySec: 5,
  lateShare: 0,
  maxLateSec: 300,
  emptyShare: 0,
  burstShare: 0.02,
  burstLines: 20,
  maxLines: 3,
  coldShare: 0.1,
  jsonShare: 0,
  sharedShare: 0,
  retentionDays: 30,
}
