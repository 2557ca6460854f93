import type { EpochMs } from '../../../core/time.ts'
import type { EncodedBatch, StoredBatch } from '../store.ts'
import type { Database } from './database.ts'

/** Digits of an id in a sort key: as many as 2^53 has, so that text order is number order. */
const KEY_DIGITS = 16

export interface BatchRow {
  readonly batch_id: number
  readonly sort_key: string
  readonly connector_id: string
  readonly script_id: string
  readonly task_id: string
  readonly category: StoredBatch['category']
  readonly points: number
  readonly raw_bytes: number
  readonly attempts: number
  readonly created_at_ms: number
  readonly contents: string
  readonly body: Uint8Array
}

export interface BatchOrigin {
  /** Place in the order; null means after everything that is there. */
  readonly sortKey: string | null
  readonly connectorId: string
  readonly scriptId: string
  readonly taskId: string
  readonly createdAtMs: EpochMs
}

function nextSortKey(database: Database): string {
  // AUTOINCREMENT never reuses an id, so that a new batch never lands before an older one.
  const row = database.get<{ seq: number }>(`SELECT seq FROM sqlite_sequence WHERE name = 'batch'`)
  return String((row?.seq ?? 0) + 1).padStart(KEY_DIGITS, '0')
}

/** Adds a waiting batch; call inside a transaction. */
export function insertBatch(database: Database, batch: EncodedBatch, origin: BatchOrigin): void {
  database.run(
    `INSERT INTO batch (sort_key, connector_id, script_id, task_id, category, state, points, raw_bytes, stored_bytes,
       created_at_ms, contents, body)
     VALUES (?, ?, ?, ?, ?, 'waiting', ?, ?, ?, ?, ?, ?)`,
    origin.sortKey ?? nextSortKey(database),
    origin.connectorId,
    origin.scriptId,
    origin.taskId,
    batch.category,
    batch.points,
    batch.rawBytes,
    batch.body.byteLength,
    origin.createdAtMs,
    JSON.stringify(batch.contents),
    batch.body,
  )
}

/** Whether these bodies still fit within the outbox's bound. */
export function fits(database: Database, batches: readonly EncodedBatch[], maxBytes: number): boolean {
  const row = database.get<{ stored_bytes: number }>('SELECT stored_bytes FROM outbox_total')
  return batches.reduce((sum, batch) => sum + batch.body.byteLength, row?.stored_bytes ?? 0) <= maxBytes
}

export function toBatch(row: BatchRow): StoredBatch {
  return {
    batchId: row.batch_id,
    connectorId: row.connector_id,
    scriptId: row.script_id,
    taskId: row.task_id,
    category: row.category,
    points: row.points,
    rawBytes: row.raw_bytes,
    attempts: row.attempts,
    createdAtMs: row.created_at_ms,
    // Written by insertBatch from the same type.
    contents: JSON.parse(row.contents) as StoredBatch['contents'],
    body: row.body,
  }
}
