import type { Usage } from '../../core/script.ts'
import type { EpochMs } from '../../core/time.ts'

/** What all tasks used of one API in one region of one account; both are empty texts where a task did not say. */
export interface UsageSum {
  readonly accountId: string
  readonly region: string
  readonly api: string
  readonly requests: number
  readonly billedMetrics: number
}

/** The meter: what was asked of AWS, by day of UTC as AWS bills it, whatever became of the tasks that asked. */
export interface UsageStore {
  /** Of what no task's commit or end counts: the questions of plan and doctor. */
  add(usage: readonly Usage[], nowMs: EpochMs): Promise<void>
  /** The days that begin within `[startMs, endMs)`, added up. */
  sum(startMs: EpochMs, endMs: EpochMs): Promise<readonly UsageSum[]>
  prune(olderThanMs: EpochMs): Promise<number>
}
