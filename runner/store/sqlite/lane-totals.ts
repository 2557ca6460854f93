import type { EncodedBatch, LaneTotals, OutboxRoom, OutboxStore } from '../outbox-store.ts'
import { sumAcknowledged, sumBacklog } from '../lane-sum.ts'
import type { Database } from './database.ts'

const BYTES_PER_MB = 1024 ** 2

interface LaneRow {
  readonly connector_id: string
  readonly waiting_batches: number
  readonly waiting_points: number
  readonly waiting_bytes: number
  readonly dead_batches: number
  readonly dead_points: number
  readonly dead_bytes: number
  readonly acknowledged_points: number
  readonly last_acknowledged_ms: number | null
  readonly oldest_waiting_ms: number | null
  readonly oldest_reason: string | null
  readonly max_backlog_mb: number | null
}

/** The first in the order is the oldest; the index finds it without reading the others. */
const SELECT = `
SELECT lane.*, connector.config ->> 'maxBacklogMb' AS max_backlog_mb,
  oldest.created_at_ms AS oldest_waiting_ms, oldest.reason AS oldest_reason
FROM lane LEFT JOIN connector USING (connector_id)
  LEFT JOIN batch AS oldest ON oldest.batch_id = (
    SELECT batch_id FROM batch WHERE batch.connector_id = lane.connector_id AND state = 'waiting'
    ORDER BY sort_key LIMIT 1)`

function toTotals(row: LaneRow, maxBytes: number): LaneTotals {
  return {
    connectorId: row.connector_id,
    waitingBatches: row.waiting_batches,
    waitingPoints: row.waiting_points,
    waitingBytes: row.waiting_bytes,
    deadBatches: row.dead_batches,
    deadPoints: row.dead_points,
    deadBytes: row.dead_bytes,
    oldestWaitingMs: row.oldest_waiting_ms,
    oldestReason: row.oldest_reason,
    acknowledgedPoints: row.acknowledged_points,
    lastAcknowledgedMs: row.last_acknowledged_ms,
    maxBytes: row.max_backlog_mb === null ? maxBytes : row.max_backlog_mb * BYTES_PER_MB,
  }
}

function readLanes(database: Database, maxBytes: number): LaneTotals[] {
  return database.all<LaneRow>(`${SELECT} ORDER BY lane.connector_id`).map((row) => toTotals(row, maxBytes))
}

/** What one connector's bound is and how much of it is taken; `maxBytes` where its configuration names none. */
export function measureRoom(database: Database, connectorId: string, maxBytes: number): OutboxRoom {
  const row = database.get<Pick<LaneRow, 'waiting_bytes' | 'dead_bytes' | 'max_backlog_mb'>>(
    `SELECT waiting_bytes, dead_bytes, config ->> 'maxBacklogMb' AS max_backlog_mb
     FROM (SELECT ? AS connector_id) LEFT JOIN lane USING (connector_id) LEFT JOIN connector USING (connector_id)`,
    connectorId,
  )
  const bound = row?.max_backlog_mb ?? null
  return {
    waitingBytes: row?.waiting_bytes ?? 0,
    deadBytes: row?.dead_bytes ?? 0,
    maxBytes: bound === null ? maxBytes : bound * BYTES_PER_MB,
  }
}

/** Whether these bodies still find room; none always do. */
export function fits(
  { waitingBytes, deadBytes, maxBytes }: OutboxRoom,
  batches: readonly EncodedBatch[],
): boolean {
  const bytes = batches.reduce((total, batch) => total + batch.body.byteLength, 0)
  return bytes === 0 || waitingBytes + deadBytes + bytes <= maxBytes
}

type Totals = Pick<OutboxStore, 'backlog' | 'room' | 'lanes' | 'acknowledged'>

/** The outbox in numbers, kept by the triggers of `batch`, so that a long outbox is counted as fast as a short one. */
export function totals(database: Database, maxBytes: number): Totals {
  return {
    async backlog(connectorId) {
      const lanes = readLanes(database, maxBytes)
      return sumBacklog(
        connectorId === undefined ? lanes : lanes.filter((lane) => lane.connectorId === connectorId),
      )
    },
    async room(connectorId) {
      return measureRoom(database, connectorId, maxBytes)
    },
    async lanes() {
      return readLanes(database, maxBytes)
    },
    async acknowledged() {
      return sumAcknowledged(readLanes(database, maxBytes))
    },
  }
}
