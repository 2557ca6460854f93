import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { DAY_MS } from '../../../core/time.ts'
import { Database } from '../../../runner/store/sqlite/database.ts'
import { openSqliteStore } from '../../../runner/store/sqlite/open.ts'
import type { Store } from '../../../runner/store/store.ts'
import { SCRIPT, StoreFixture, T0 } from '../../contract/store-fixture.ts'
import { FILE_SYSTEMS } from '../host/full-disk.ts'

const KEEP_MS = 90 * DAY_MS
const NOW_MS = T0 + KEEP_MS + DAY_MS

function newPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dff-uses-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'host.db')
}

async function openStore(path: string): Promise<Store> {
  const store = await openSqliteStore(path)
  onTestFinished(() => store.close())
  return store
}

/** State that its script wrote `KEEP_MS` ago and never again, beside some that it goes on with. */
async function writeOld(store: Store, keys: readonly string[]): Promise<() => Promise<string>> {
  const fixture = new StoreFixture(store)
  const lease = await fixture.runTask('a')
  const state = Object.fromEntries(keys.map((key) => [key, 'x'.repeat(3_000)]))
  const commit = async (): Promise<string> => fixture.commit(lease, { nowMs: NOW_MS, state: { newest: 1 } })
  expect(await fixture.commit(lease, { nowMs: T0, state })).toBe('committed')
  expect(await commit()).toBe('committed')
  return commit
}

async function use(store: Store, keys: readonly string[]): Promise<void> {
  for (const key of keys) expect(await store.state.load(SCRIPT, key, NOW_MS)).toBeDefined()
}

function makeKeys(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `键 ${index}`)
}

describe('a use of state', () => {
  it('is read at once while another program holds the database, and kept from being pruned', async () => {
    const path = newPath()
    const store = await openStore(path)
    await writeOld(store, ['used', 'left'])
    const other = new DatabaseSync(path)
    onTestFinished(() => other.close())
    other.exec('BEGIN IMMEDIATE')
    const beganMs = performance.now()
    await use(store, ['used'])
    expect(await store.state.prune(KEEP_MS, NOW_MS)).toBe(0)
    // A write would wait for five seconds.
    expect(performance.now() - beganMs).toBeLessThan(2_500)
    other.exec('ROLLBACK')
    expect(await store.state.prune(KEEP_MS, NOW_MS)).toBe(1)
    expect(await store.state.load(SCRIPT, 'used')).toBeDefined()
    expect(await store.state.load(SCRIPT, 'left')).toBeUndefined()
  })

  it('that cannot be written down now leaves other writes their time to wait for their turn', () => {
    const path = newPath()
    const database = new Database(path, 5_000)
    onTestFinished(() => database.close())
    const other = new DatabaseSync(path)
    onTestFinished(() => other.close())
    other.exec('BEGIN IMMEDIATE')
    expect(database.writeIfPossible(() => undefined)).toBe(false)
    other.exec('ROLLBACK')
    expect(database.writeIfPossible(() => undefined)).toBe(true)
    expect(database.get('PRAGMA busy_timeout')).toMatchObject({ timeout: 5_000 })
  })

  it('counts for another process from the next commit on', async () => {
    const path = newPath()
    const store = await openStore(path)
    const commit = await writeOld(store, ['used', 'left'])
    await use(store, ['used'])
    expect(await commit()).toBe('committed')
    const other = await openStore(path)
    expect(await other.state.prune(KEEP_MS, NOW_MS)).toBe(1)
    expect(await store.state.load(SCRIPT, 'used')).toBeDefined()
  })

  it('outlives a process that commits nothing after it', async () => {
    const path = newPath()
    const store = await openStore(path)
    await writeOld(store, ['used', 'left'])
    await use(store, ['used'])
    await store.close()
    const next = await openStore(path)
    expect(await next.state.prune(KEEP_MS, NOW_MS)).toBe(1)
    expect(await next.state.load(SCRIPT, 'used')).toBeDefined()
  })

  it('is not forgotten with more of them than are kept in memory: nothing is pruned before the next reading', async () => {
    const store = await openStore(newPath())
    const keys = makeKeys(10_001)
    const commit = await writeOld(store, keys)
    await use(store, keys)
    // It writes those down that there was room for.
    expect(await commit()).toBe('committed')
    expect(await store.state.prune(KEEP_MS, NOW_MS)).toBe(0)
    await use(store, keys)
    expect(await store.state.prune(KEEP_MS, NOW_MS)).toBe(0)
    expect(await store.state.load(SCRIPT, keys.at(-1) ?? '')).toBeDefined()
  })
})

describe.each(FILE_SYSTEMS)('a use of state on %s', (_title, makeDisk) => {
  it('is read, and keeps what is read from being pruned, then and when there is room again', async () => {
    const disk = makeDisk()
    onTestFinished(() => disk.remove())
    const store = await openStore(join(disk.root, 'host.db'))
    const used = makeKeys(200)
    await writeOld(store, [...used, 'left'])
    disk.fill(process.pid)
    // What room the log had left is used up.
    const fillLog = async (): Promise<void> => {
      for (let index = 0; index < 3_000; index += 1) {
        await store.records.appendLog([{ taskId: 'a', sequence: index, timeMs: T0, text: 'x'.repeat(3_000) }])
      }
    }
    await expect(fillLog()).rejects.toMatchObject({ code: 'HOME_UNUSABLE' })
    await use(store, used)
    expect(await store.state.prune(KEEP_MS, NOW_MS)).toBe(0)
    disk.free(process.pid)
    expect(await store.state.prune(KEEP_MS, NOW_MS)).toBe(1)
    await use(store, used)
  })
})
