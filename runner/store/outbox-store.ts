/** What the store keeps for delivery: committed batches that no sink has acknowledged yet, and what became of the others. */
import type { Freshness, OwnBatchOrigin } from './summary.ts'
import type { Category } from '../../core/point.ts'
import type { EpochMs } from '../../core/time.ts'
import type { Backlog } from '../host-api.ts'
import type { OutboxRow } from '../host-report.ts'

/** One request body to be: gzip of line protocol, immutable once stored, so that a retry is byte-identical. */
export interface EncodedBatch {
  readonly category: Category
  readonly points: number
  readonly rawBytes: number
  readonly body: Uint8Array
  readonly contents: readonly BatchContent[]
}

/** What a batch holds, counted when it was encoded; becomes a receipt when the sink acknowledges the batch. */
export interface BatchContent {
  readonly measurement: string
  /** Object name for category custom_object, field key for metric, else empty. */
  readonly key: string
  readonly points: number
  readonly lastPointMs: EpochMs
}

/** What the sink acknowledged so far of one (Startup script, category, measurement, key). */
export interface Receipt extends BatchContent {
  readonly scriptId: string
  readonly category: string
  readonly lastAcknowledgedMs: EpochMs
}

/** How much of a connector's bound is taken; dead batches take from it as well. */
export interface OutboxRoom {
  readonly waitingBytes: number
  readonly deadBytes: number
  readonly maxBytes: number
}

/** What the outbox holds for one connector, and what that connector has acknowledged so far. */
export interface LaneTotals extends Backlog, OutboxRoom {
  readonly connectorId: string
  /** What the sink said last of the oldest batch; null when it was not tried yet. */
  readonly oldestReason: string | null
  readonly acknowledgedPoints: number
  readonly lastAcknowledgedMs: EpochMs | null
}

export interface StoredBatch extends EncodedBatch {
  readonly batchId: number
  readonly connectorId: string
  readonly scriptId: string
  readonly taskId: string
  readonly attempts: number
  readonly createdAtMs: EpochMs
}

/** A batch with what became of it so far. */
export type KeptBatch = StoredBatch & Pick<OutboxRow, 'state' | 'nextAttemptMs' | 'reason'>

export interface OutboxStore {
  /** The oldest waiting batch of a connector that is due; order within a series is kept because only the oldest is offered. */
  next(connectorId: string, nowMs: EpochMs): Promise<StoredBatch | undefined>
  /** Earliest time at which next() can offer something, or undefined when nothing waits. */
  nextDueMs(connectorId: string): Promise<EpochMs | undefined>
  /** Removes the batch and writes its receipts, in one transaction. */
  acknowledge(batchId: number, nowMs: EpochMs): Promise<void>
  retryAt(batchId: number, nextAttemptMs: EpochMs, reason: string): Promise<void>
  /** Replaces a batch by smaller ones in its place (413), keeping its position in the order. */
  split(batchId: number, pieces: readonly EncodedBatch[]): Promise<void>
  /** What waits behind a batch for the same connector, in order, due or not, up to one that was damaged: nobody knows what that holds. */
  following(batchId: number, limit: number): Promise<readonly StoredBatch[]>
  /** Out of the way, kept and shown, with what the sink said. */
  bury(batchId: number, reason: string): Promise<void>
  list(state: OutboxRow['state'] | null, limit: number): Promise<readonly OutboxRow[]>
  /** Dead batches back to waiting; null means all. */
  revive(batchId: number | null): Promise<number>
  /** One batch with its body, whatever its state. */
  get(batchId: number): Promise<KeptBatch | undefined>
  drop(batchId: number): Promise<number>
  /** Drops dead batches whose points were committed before then; what waits stays, however old. Resolves with their number. */
  pruneDead(olderThanMs: EpochMs): Promise<number>
  /** Every dead batch. */
  dropDead(): Promise<number>
  /** Of one connector, or of all. */
  backlog(connectorId?: string): Promise<Backlog>
  /** Of one connector; its bound is the store's, or `maxBacklogMb` of its configuration. */
  room(connectorId: string): Promise<OutboxRoom>
  /** Every connector that has or ever had a batch, by id. */
  lanes(): Promise<readonly LaneTotals[]>
  receipts(scriptId: string): Promise<readonly Receipt[]>
  acknowledged(): Promise<{ readonly points: number; readonly lastMs: EpochMs | null }>
  /** The newest acknowledged point of every measurement of every script. */
  freshness(): Promise<readonly Freshness[]>
  /** Adds batches that no task made, such as what the host says of itself, behind everything else; false, and nothing added, when there is no room. */
  add(batches: readonly EncodedBatch[], origin: OwnBatchOrigin): Promise<boolean>
  /** Forgets receipts of what has not been acknowledged since: a deleted function leaves no other trace. */
  pruneReceipts(olderThanMs: EpochMs): Promise<number>
}
