/** What a store tells in sums, and what is added to it by the host itself. */
import type { EpochMs } from '../../core/time.ts'
import type { TaskStatus } from '../host-api.ts'
import type { Receipt } from './outbox-store.ts'

/** The newest acknowledged point of a measurement. */
export type Freshness = Pick<Receipt, 'scriptId' | 'category' | 'measurement' | 'lastPointMs'>

/** Of batches that no task made. */
export interface OwnBatchOrigin {
  readonly connectorId: string
  readonly scriptId: string
  readonly nowMs: EpochMs
}

/** How many task records of a function have a status. */
export interface RecordCount {
  readonly funcId: string
  readonly status: TaskStatus
  readonly count: number
}
