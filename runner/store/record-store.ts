import type { EpochMs } from '../../core/time.ts'
import type { RecordCount } from './summary.ts'
import type { LogLine, TaskRecord, TaskStatus } from '../host-api.ts'

/** Task records and their logs; the queue writes the records. */
export interface RecordStore {
  get(taskId: string): Promise<TaskRecord | undefined>
  list(filter: {
    readonly limit: number
    readonly funcId: string | null
    readonly status: TaskStatus | null
  }): Promise<readonly TaskRecord[]>
  /** Of the records that are kept. */
  counts(): Promise<readonly RecordCount[]>
  appendLog(lines: readonly LogLine[]): Promise<void>
  readLog(taskId: string, afterSequence: number): Promise<readonly LogLine[]>
  /** Keeps the newest `keepPerFunc` records of each function (guance.md §4.8: 100 for deployed triggers) and none older than `olderThanMs`. */
  prune(keepPerFunc: number, olderThanMs: EpochMs): Promise<number>
}
