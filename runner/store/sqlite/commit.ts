import type { Commit, CommitResult } from '../store.ts'
import { insertBatch } from './batch.ts'
import { checksumOf } from './checksum.ts'
import type { Database } from './database.ts'
import { holdsLease } from './lease.ts'
import { fits, measureRoom } from './lane-totals.ts'
import { countUsage } from './usage.ts'

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

/** A clock that stands years back must not make what is written now look as if nobody had written it since. */
function writeState(database: Database, { scriptId, state, nowMs }: Commit): void {
  for (const [key, value] of Object.entries(state)) {
    if (value === null) {
      database.run('DELETE FROM state WHERE script_id = ? AND key = ?', scriptId, key)
    } else {
      const text = JSON.stringify(value)
      database.run(
        `INSERT INTO state (script_id, key, updated_at_ms, value, crc) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (script_id, key) DO UPDATE SET updated_at_ms = max(updated_at_ms, excluded.updated_at_ms),
           value = excluded.value, crc = excluded.crc`,
        scriptId,
        key,
        nowMs,
        text,
        checksumOf(text),
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
  const { batches, state, connectorId } = commit
  const room = measureRoom(database, connectorId, maxOutboxBytes)
  if (!fits(room, batches)) return { kind: 'outbox-full', ...room }
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
