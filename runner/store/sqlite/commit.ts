import type { Commit, CommitResult, EncodedBatch } from '../store.ts'
import { insertBatch } from './batch.ts'
import type { Database } from './database.ts'
import { holdsLease } from './lease.ts'

function sumBytes(batches: readonly EncodedBatch[]): number {
  return batches.reduce((sum, batch) => sum + batch.body.byteLength, 0)
}

function storedBytes(database: Database): number {
  return database.get<{ stored_bytes: number }>('SELECT stored_bytes FROM outbox_total')?.stored_bytes ?? 0
}

function writeState(database: Database, { scriptId, state }: Commit): void {
  for (const [key, value] of Object.entries(state)) {
    if (value === null) {
      database.run('DELETE FROM state WHERE script_id = ? AND key = ?', scriptId, key)
    } else {
      database.run(
        `INSERT INTO state (script_id, key, value) VALUES (?, ?, ?)
         ON CONFLICT (script_id, key) DO UPDATE SET value = excluded.value`,
        scriptId,
        key,
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

/** Points and cursors of one slice, whole or not at all. State alone is accepted even by a full outbox: it takes nothing from it. */
export function commitSlice(database: Database, commit: Commit, maxOutboxBytes: number): CommitResult {
  return database.write((): CommitResult => {
    if (!holdsLease(database, commit.lease)) return { kind: 'lease-lost' }
    const waitingBytes = storedBytes(database)
    if (commit.batches.length > 0 && waitingBytes + sumBytes(commit.batches) > maxOutboxBytes) {
      return { kind: 'outbox-full', waitingBytes }
    }
    writeBatches(database, commit)
    writeState(database, commit)
    return { kind: 'committed' }
  })
}
