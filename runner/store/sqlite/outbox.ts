import type { EpochMs } from '../../../core/time.ts'
import type { OutboxRow } from '../../host-report.ts'
import type { BatchContent, EncodedBatch, OutboxStore, Receipt } from '../outbox-store.ts'
import type { Freshness, OwnBatchOrigin } from '../summary.ts'
import { type BatchRow, insertBatch, isIntactBatch, toBatch } from './batch.ts'
import { damagedContent } from './checksum.ts'
import type { Database } from './database.ts'
import { fits, measureRoom, totals } from './lane-totals.ts'

interface ListRow extends Omit<BatchRow, 'body' | 'contents' | 'crc'> {
  readonly state: OutboxRow['state']
  readonly next_attempt_ms: number | null
  readonly reason: string | null
}

function toListRow(row: ListRow): OutboxRow {
  return {
    batchId: row.batch_id,
    state: row.state,
    connectorId: row.connector_id,
    category: row.category,
    points: row.points,
    rawBytes: row.raw_bytes,
    taskId: row.task_id,
    createdAtMs: row.created_at_ms,
    attempts: row.attempts,
    nextAttemptMs: row.next_attempt_ms,
    reason: row.reason,
  }
}

function findBatch(database: Database, batchId: number): BatchRow | undefined {
  return database.get<BatchRow>('SELECT * FROM batch WHERE batch_id = ?', batchId)
}

function removeBatch(database: Database, batchId: number): number {
  return database.run('DELETE FROM batch WHERE batch_id = ?', batchId)
}

function addReceipt(database: Database, batch: BatchRow, content: BatchContent, nowMs: EpochMs): void {
  database.run(
    `INSERT INTO receipt (script_id, category, measurement, key, points, last_point_ms, last_acknowledged_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (script_id, category, measurement, key) DO UPDATE SET points = points + excluded.points,
       last_point_ms = max(last_point_ms, excluded.last_point_ms), last_acknowledged_ms = excluded.last_acknowledged_ms`,
    batch.script_id,
    batch.category,
    content.measurement,
    content.key,
    content.points,
    content.lastPointMs,
    nowMs,
  )
}

function acknowledge(database: Database, batchId: number, nowMs: EpochMs): void {
  const batch = findBatch(database, batchId)
  // Dropped by the user while its request was on the way.
  if (batch === undefined) return
  for (const content of toBatch(batch).contents) addReceipt(database, batch, content, nowMs)
  database.run(
    `UPDATE lane SET acknowledged_points = acknowledged_points + ?, last_acknowledged_ms = ?
     WHERE connector_id = ?`,
    batch.points,
    nowMs,
    batch.connector_id,
  )
  removeBatch(database, batchId)
}

function split(database: Database, batchId: number, pieces: readonly EncodedBatch[]): void {
  const batch = findBatch(database, batchId)
  if (batch === undefined) return
  removeBatch(database, batchId)
  for (const [index, piece] of pieces.entries()) {
    insertBatch(database, piece, {
      sortKey: `${batch.sort_key}/${String(index).padStart(6, '0')}`,
      connectorId: batch.connector_id,
      scriptId: batch.script_id,
      taskId: batch.task_id,
      createdAtMs: batch.created_at_ms,
    })
  }
}

function readReceipts(database: Database, scriptId: string): Receipt[] {
  return database.all<{ -readonly [Key in keyof Receipt]: Receipt[Key] }>(
    `SELECT script_id AS scriptId, category, measurement, key, points, last_point_ms AS lastPointMs,
       last_acknowledged_ms AS lastAcknowledgedMs
     FROM receipt WHERE script_id = ? ORDER BY category, measurement, key`,
    scriptId,
  )
}

function readFreshness(database: Database): Freshness[] {
  return database.all<{ -readonly [Key in keyof Freshness]: Freshness[Key] }>(
    `SELECT script_id AS scriptId, category, measurement, max(last_point_ms) AS lastPointMs
     FROM receipt GROUP BY script_id, category, measurement ORDER BY script_id, category, measurement`,
  )
}

function addOwn(
  database: Database,
  { batches, maxBytes }: { readonly batches: readonly EncodedBatch[]; readonly maxBytes: number },
  { connectorId, scriptId, nowMs }: OwnBatchOrigin,
): boolean {
  if (!fits(measureRoom(database, connectorId, maxBytes), batches)) return false
  for (const batch of batches) {
    insertBatch(database, batch, { sortKey: null, connectorId, scriptId, taskId: '', createdAtMs: nowMs })
  }
  return true
}

type Oldest = Pick<ListRow, 'batch_id' | 'next_attempt_ms'>

/** The first in the order, due or not: what comes later must not overtake it. */
function findOldest(database: Database, connectorId: string): Oldest | undefined {
  return database.get<Oldest>(
    `SELECT batch_id, next_attempt_ms FROM batch WHERE connector_id = ? AND state = 'waiting'
     ORDER BY sort_key LIMIT 1`,
    connectorId,
  )
}

/** A batch that the disk has changed is not what was collected: it is never sent, and says itself what to do. */
function intact(database: Database, row: BatchRow): BatchRow {
  if (isIntactBatch(row)) return row
  const remedy = `Delivery waits behind it. Type dff outbox drop ${row.batch_id}, then collect its minutes again with dff exec --backfill FROM..TO.`
  throw damagedContent(database.path, `batch ${row.batch_id}`, remedy)
}

type Reading = Pick<
  OutboxStore,
  'next' | 'following' | 'nextDueMs' | 'list' | 'get' | 'receipts' | 'freshness'
>

function reading(database: Database): Reading {
  return {
    async get(batchId) {
      const row = database.get<BatchRow & ListRow>(`SELECT * FROM batch WHERE batch_id = ?`, batchId)
      if (row === undefined) return undefined
      const { state, nextAttemptMs, reason } = toListRow(row)
      return { ...toBatch(row), state, nextAttemptMs, reason }
    },
    async next(connectorId, nowMs) {
      const oldest = findOldest(database, connectorId)
      if (oldest === undefined || (oldest.next_attempt_ms ?? 0) > nowMs) return undefined
      const row = findBatch(database, oldest.batch_id)
      return row === undefined ? undefined : toBatch(intact(database, row))
    },
    async following(batchId, limit) {
      const rows = database.all<BatchRow>(
        `SELECT later.* FROM batch AS here JOIN batch AS later
           ON later.connector_id = here.connector_id AND later.state = 'waiting' AND later.sort_key > here.sort_key
         WHERE here.batch_id = ? ORDER BY later.sort_key LIMIT ?`,
        batchId,
        limit,
      )
      const damaged = rows.findIndex((row) => !isIntactBatch(row))
      return rows.slice(0, damaged === -1 ? limit : damaged).map(toBatch)
    },
    async nextDueMs(connectorId) {
      const oldest = findOldest(database, connectorId)
      return oldest === undefined ? undefined : (oldest.next_attempt_ms ?? 0)
    },
    async list(state, limit) {
      return database
        .all<ListRow>(
          `SELECT * FROM (
             SELECT batch_id, sort_key, connector_id, script_id, task_id, category, points, raw_bytes, attempts,
               state, created_at_ms, next_attempt_ms, reason FROM batch)
           WHERE state = coalesce(?, state) ORDER BY connector_id, state DESC, sort_key LIMIT ?`,
          state,
          limit,
        )
        .map(toListRow)
    },
    async receipts(scriptId) {
      return readReceipts(database, scriptId)
    },
    async freshness() {
      return readFreshness(database)
    },
  }
}

/** Committed, unsent points. Waiting batches leave in order; dead ones are kept until the user retries or drops them. */
export function sqliteOutbox(database: Database, maxBytes: number): OutboxStore {
  return {
    ...reading(database),
    ...totals(database, maxBytes),
    async acknowledge(batchId, nowMs) {
      database.writeFreeing(() => acknowledge(database, batchId, nowMs))
    },
    async add(batches, origin) {
      return database.write(() => addOwn(database, { batches, maxBytes }, origin))
    },
    async pruneReceipts(olderThanMs) {
      const sql = 'DELETE FROM receipt WHERE last_acknowledged_ms < ?'
      return database.writeFreeing(() => database.run(sql, olderThanMs))
    },
    async retryAt(batchId, nextAttemptMs, reason) {
      database.writeFreeing(() =>
        database.run(
          'UPDATE batch SET attempts = attempts + 1, next_attempt_ms = ?, reason = ? WHERE batch_id = ?',
          nextAttemptMs,
          reason,
          batchId,
        ),
      )
    },
    async split(batchId, pieces) {
      database.write(() => split(database, batchId, pieces))
    },
    async bury(batchId, reason) {
      database.writeFreeing(() =>
        database.run(
          `UPDATE batch SET state = 'dead', attempts = attempts + 1, next_attempt_ms = NULL, reason = ?
           WHERE batch_id = ?`,
          reason,
          batchId,
        ),
      )
    },
    async revive(batchId) {
      return database.write(() =>
        database.run(
          `UPDATE batch SET state = 'waiting', attempts = 0, next_attempt_ms = NULL, reason = NULL
           WHERE (state = 'dead' OR next_attempt_ms IS NOT NULL) AND batch_id = coalesce(?, batch_id)`,
          batchId,
        ),
      )
    },
    async pruneDead(olderThanMs) {
      const sql = `DELETE FROM batch WHERE state = 'dead' AND created_at_ms < ?`
      return database.writeFreeing(() => database.run(sql, olderThanMs))
    },
    async drop(batchId) {
      return database.writeFreeing(() => removeBatch(database, batchId))
    },
    async dropDead() {
      return database.writeFreeing(() => database.run(`DELETE FROM batch WHERE state = 'dead'`))
    },
  }
}
