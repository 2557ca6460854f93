import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it, onTestFinished } from 'vitest'
import { MIGRATIONS } from '../../../runner/store/sqlite/migrations.ts'
import { openSqliteStore } from '../../../runner/store/sqlite/open.ts'

/** A store as the first version left it, with this many batches by connector and state. */
function makeFirstVersion(batches: readonly (readonly [string, string])[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'dff-migration-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'host.db')
  const database = new DatabaseSync(path)
  database.exec('PRAGMA auto_vacuum = INCREMENTAL')
  database.exec(MIGRATIONS[0] ?? '')
  database.exec('PRAGMA user_version = 1')
  const insert = database.prepare(
    `INSERT INTO batch (sort_key, connector_id, script_id, task_id, category, state, points, raw_bytes, stored_bytes,
       created_at_ms, contents, body) VALUES (?, ?, 's', 't', 'metric', ?, 3, 30, 10, 1, '[]', zeroblob(10))`,
  )
  batches.forEach(([connectorId, state], index) => insert.run(String(index), connectorId, state))
  database.exec(
    `INSERT INTO startup_script VALUES ('s', 'x', 'd', 1, '[{"funcId":"s.run"},{"funcId":"s.two"}]')`,
  )
  database.exec('UPDATE outbox_total SET acknowledged_points = 5, last_acknowledged_ms = 7')
  database.close()
  return path
}

it('counts what an earlier version left in the outbox by connector, and what it had delivered', async () => {
  const path = makeFirstVersion([
    ['default', 'waiting'],
    ['default', 'waiting'],
    ['default', 'dead'],
    ['other', 'dead'],
  ])
  const store = await openSqliteStore(path)
  const lanes = await store.outbox.lanes()
  expect(lanes).toMatchObject([
    { connectorId: 'default', waitingBatches: 2, waitingPoints: 6, waitingBytes: 20, deadBytes: 10 },
    { connectorId: 'other', waitingBatches: 0, waitingBytes: 0, deadBatches: 1, deadPoints: 3 },
  ])
  expect(await store.outbox.acknowledged()).toEqual({ points: 5, lastMs: 7 })
  expect((await store.scripts.get('s'))?.functions).toEqual([
    { funcId: 's.run', connectorId: 'default' },
    { funcId: 's.two', connectorId: 'default' },
  ])
  await store.outbox.dropDead()
  expect(await store.outbox.backlog()).toMatchObject({ waitingBatches: 2, deadBatches: 0 })
  await store.close()
})

it('keeps the count of what an empty outbox had delivered', async () => {
  const store = await openSqliteStore(makeFirstVersion([]))
  expect(await store.outbox.acknowledged()).toEqual({ points: 5, lastMs: 7 })
  await store.close()
})
