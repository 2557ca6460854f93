import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { commitSlice } from '../../../runner/store/sqlite/commit.ts'
import { Database } from '../../../runner/store/sqlite/database.ts'
import { migrate } from '../../../runner/store/sqlite/migrate.ts'
import { openSqliteStore } from '../../../runner/store/sqlite/open.ts'
import { sqliteOutbox } from '../../../runner/store/sqlite/outbox.ts'
import { sqliteQueue } from '../../../runner/store/sqlite/queue.ts'
import { StateUses } from '../../../runner/store/sqlite/state-uses.ts'
import { sqliteState } from '../../../runner/store/sqlite/state.ts'
import {
  CONNECTOR,
  LEASE_MS,
  makeBatch,
  makeTask,
  SCRIPT,
  StoreFixture,
  T0,
} from '../../contract/store-fixture.ts'
import { FILE_SYSTEMS } from '../host/full-disk.ts'

const LIMITS = { maxOutboxBytes: 1e9, maxStateBytes: 1e9 }
const RESERVE_BYTES = 8 * 1024 ** 2

describe('a store that may grow no further', () => {
  it('refuses a slice whole, keeps its cursor, and takes the same slice when there is room', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dff-full-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    // SQLite's own bound makes the same error as the disk, on every machine.
    const database = new Database(join(folder, 'host.db'), 5_000)
    onTestFinished(() => database.close())
    database.script('PRAGMA journal_mode = WAL')
    migrate(database)
    const state = sqliteState(database, new StateUses(database))
    const queue = sqliteQueue(database)
    await queue.enqueueOnce(makeTask('a'))
    await queue.claim('a', T0, LEASE_MS)
    const commit = (body: Uint8Array, at: number): string => {
      const batches = [makeBatch('', { body })]
      const base = { lease: { taskId: 'a', fence: 1 }, nowMs: T0, scriptId: SCRIPT, connectorId: CONNECTOR }
      return commitSlice(database, { ...base, batches, state: { cursor: at }, usage: [] }, LIMITS).kind
    }
    expect(commit(randomBytes(1_000), 1)).toBe('committed')
    const { pages } = database.get<{ pages: number }>(
      'SELECT page_count AS pages FROM pragma_page_count()',
    ) ?? { pages: 0 }
    database.script(`PRAGMA max_page_count = ${pages + 2}`)
    const body = randomBytes(50_000)
    expect(() => commit(body, 2)).toThrow(
      /expected room for the next write, got a full disk\. .*nothing was half-written/,
    )
    expect(await state.load(SCRIPT, 'cursor')).toBe(1)
    const outbox = sqliteOutbox(database, LIMITS.maxOutboxBytes)
    expect(await outbox.backlog()).toMatchObject({ waitingBatches: 1 })
    database.script('PRAGMA max_page_count = 1000000')
    expect(commit(body, 2)).toBe('committed')
    expect(await state.load(SCRIPT, 'cursor')).toBe(2)
    expect(await outbox.backlog()).toMatchObject({ waitingBatches: 2 })
  })

  it('holds a reserve of eight megabytes, and works without it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dff-full-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const path = join(folder, 'host.db')
    const store = await openSqliteStore(path)
    expect(statSync(`${path}-reserve`).size).toBe(RESERVE_BYTES)
    rmSync(`${path}-reserve`)
    await new StoreFixture(store).commitBatches('a')
    await store.outbox.acknowledge(await new StoreFixture(store).nextId(), T0)
    await store.close()
  })
})

describe.each(FILE_SYSTEMS)('a store on %s', (_title, makeDisk) => {
  it('can still write down what was delivered of a backlog that filled the disk itself', async () => {
    const disk = makeDisk()
    onTestFinished(() => disk.remove())
    const path = join(disk.root, 'host.db')
    const store = await openSqliteStore(path)
    onTestFinished(() => store.close())
    const fixture = new StoreFixture(store)
    const lease = await fixture.runTask('a')
    const slice = (): Promise<string> =>
      fixture.commit(lease, {
        batches: [makeBatch('', { body: randomBytes(300_000) })],
        state: { cursor: 1 },
      })
    for (let index = 0; index < 10; index += 1) expect(await slice()).toBe('committed')
    disk.fill(process.pid)
    // What room the log had left is used up.
    const fillLog = async (): Promise<void> => {
      for (let index = 0; index < 1_000; index += 1) {
        await store.records.appendLog([{ taskId: 'a', sequence: index, timeMs: T0, text: 'x'.repeat(3_000) }])
      }
    }
    await expect(fillLog()).rejects.toMatchObject({ code: 'HOME_UNUSABLE' })
    await expect(slice()).rejects.toMatchObject({ code: 'HOME_UNUSABLE' })
    expect(existsSync(`${path}-reserve`)).toBe(true)
    for (let index = 0; index < 10; index += 1) await store.outbox.acknowledge(await fixture.nextId(), T0)
    expect(await store.outbox.backlog()).toMatchObject({ waitingBatches: 0 })
    expect(existsSync(`${path}-reserve`)).toBe(false)
    // The pages of what was delivered serve the next slices.
    expect(await slice()).toBe('committed')
    disk.free(process.pid)
    await store.records.prune(100, 0)
    expect(statSync(`${path}-reserve`).size).toBe(RESERVE_BYTES)
  })
})
