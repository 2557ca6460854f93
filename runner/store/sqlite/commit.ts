import type { Commit, CommitResult, EncodedBatch } from '../store.ts'
import { insertBatch } from './batch.ts'
import type { Database } from './database.ts'
import { holdsLease } from './lease.ts'
import { measureRoom } from './outbox.ts'
import { countUsage } from './usage.ts'

function sumBytes(batches: readonly EncodedBatch[]): number {
  return batches.reduce((sum, batch) => sum + batch.body.byteLength, 0)
}

function storedBytes(database: Database): number {
  return database.get<{ stored_bytes: number }>('SELECT stored_bytes FROM outbox_total')?.stored_bytes ?? 0
}

/** What the script's state will hold in all; octet_length reads no value, only how long it is. */
function sumState(database: Database, { scriptId, state }: Commit): number {
  const row = database.get<{ bytes: number }>(
    `SELECT coalesce(sum(octet_length(value)), 0) AS bytes FROM state
     WHERE script_id = ? AND key NOT IN (SELECT value FROM json_each(?))`,
    scriptId,
    JSON.stringify(Object.keys(state)),
  )
  const written = Object.values(state).filter((value) => value !== null)
  return written.reduce<number>(
    (sum, value) => sum + Buffer.byteLength(JSON.stringify(value)),
    row?.bytes ?? 0,
  )
}

function writeState(database: Database, { scriptId, state, nowMs }: Commit): void {
  for (const [key, value] of Object.entries(state)) {
    if (value === null) {
      database.run('DELETE FROM state WHERE script_id = ? AND key = ?', scriptId, key)
    } else {
      database.run(
        `INSERT INTO state (script_id, key, updated_at_ms, value) VALUES (?, ?, ?, ?)
         ON CONFLICT (script_id, key) DO UPDATE SET updated_at_ms = excluded.updated_at_ms, value = excluded.value`,
        scriptId,
        key,
        nowMs,
        JSON.stringify(value),
      )
    }
  }
}

function writeBatches(database: Database, commit: Commit): void {
  for (const batch of commit.batches) {
    insertBatch(database, batch, {
      sortKey: null,
      connectorId: commit.connectorId,
      scriptId: commit.scriptId,
      taskId: commit.lease.taskId,
      createdAtMs: commit.nowMs,
    })
    database.run(
      `INSERT INTO task_points (task_id, category, points) VALUES (?, ?, ?)
       ON CONFLICT (task_id, category) DO UPDATE SET points = points + excluded.points`,
      commit.lease.taskId,
      batch.category,
      batch.points,
    )
  }
}

export interface CommitLimits {
  readonly maxOutboxBytes: number
  readonly maxStateBytes: number
}

function refuse(
  database: Database,
  commit: Commit,
  { maxOutboxBytes, maxStateBytes }: CommitLimits,
): CommitResult | undefined {
  if (!holdsLease(database, commit.lease)) return { kind: 'lease-lost' }
  const { batches, state } = commit
  if (batches.length > 0 && storedBytes(database) + sumBytes(batches) > maxOutboxBytes) {
    return { kind: 'outbox-full', ...measureRoom(database, maxOutboxBytes) }
  }
  if (Object.keys(state).length === 0) return undefined
  const stateBytes = sumState(database, commit)
  return stateBytes > maxStateBytes ? { kind: 'state-full', stateBytes, maxBytes: maxStateBytes } : undefined
}

/** Points and cursors of one slice, whole or not at all. State alone is accepted even by a full outbox: it takes nothing from it. */
export function commitSlice(database: Database, commit: Commit, limits: CommitLimits): CommitResult {
  return database.write((): CommitResult => {
    const refusal = refuse(database, commit, limits)
    if (refusal !== undefined) return refusal
    writeBatches(database, commit)
    writeState(database, commit)
    countUsage(database, commit.usage, commit.nowMs)
    return { kind: 'committed' }
  })
}
