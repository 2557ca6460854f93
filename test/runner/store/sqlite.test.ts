import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DAMAGED_REMEDY } from '../../../runner/store/sqlite/database.ts'
import { openSqliteStore } from '../../../runner/store/sqlite/open.ts'
import { describeStore } from '../../contract/store.ts'
import { expectGolden } from '../../golden.ts'

const WRITE_LOOP = fileURLToPath(new URL('write-loop.ts', import.meta.url))
const GOLDEN_SCHEMA = new URL('schema.golden.sql', import.meta.url)

let folder = ''
let files = 0
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dff-store-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function newPath(): string {
  files += 1
  return join(folder, `host ${files} 中文.db`)
}

describeStore('SQLite', (options) => openSqliteStore(newPath(), options))

/** Runs the write loop until it has acknowledged `atLeast` commits, kills it with -9, and gives the last number it said. */
async function writeUntilKilled(path: string, taskId: string, atLeast: number): Promise<number> {
  const child = spawn(process.execPath, [WRITE_LOOP, path, taskId], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  for await (const chunk of child.stdout) {
    said += String(chunk)
    if (Number(said.split('\n').at(-2) ?? 0) >= atLeast) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  expect(child.signalCode).toBe('SIGKILL')
  return Number(said.split('\n').at(-2))
}

describe('a store in a SQLite file', () => {
  it('is readable by its owner alone, with its write-ahead log', async () => {
    const path = newPath()
    writeFileSync(path, '', { mode: 0o644 })
    const store = await openSqliteStore(path)
    expect(['', '-wal', '-shm'].map((suffix) => statSync(path + suffix).mode & 0o777)).toEqual([
      0o600, 0o600, 0o600,
    ])
    await store.close()
  })

  it('has the schema that the golden file shows', async () => {
    const path = newPath()
    await (await openSqliteStore(path)).close()
    const database = new DatabaseSync(path, { readOnly: true })
    const rows = database.prepare('SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name').all()
    database.close()
    const tables = rows
      .map((row) => String(row['sql']))
      .filter((sql) => sql.startsWith('CREATE TABLE') && !sql.includes('sqlite_'))
    expect(tables.filter((sql) => !sql.includes(') STRICT'))).toEqual([])
    expectGolden(`${rows.map((row) => `${String(row['sql'])};`).join('\n\n')}\n`, GOLDEN_SCHEMA)
  })

  it('keeps everything when it is opened again', async () => {
    const path = newPath()
    const first = await openSqliteStore(path)
    await first.connectors.put('default', { type: 'file' })
    await first.close()
    const second = await openSqliteStore(path)
    expect(await second.connectors.get('default')).toEqual({ type: 'file' })
    await second.close()
  })

  it('refuses a store that a newer release wrote, and says so', async () => {
    const path = newPath()
    await (await openSqliteStore(path)).close()
    const database = new DatabaseSync(path)
    database.exec('PRAGMA user_version = 99')
    database.close()
    await expect(openSqliteStore(path)).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      parts: { place: path, got: 'version 99, written by a newer release' },
    })
  })

  it('refuses a file that is not a database, naming it and what to do, and leaves it as it was', async () => {
    const path = newPath()
    const text = 'this is a shopping list, and a long one, so that it has a header of its own\n'.repeat(50)
    writeFileSync(path, text)
    await expect(openSqliteStore(path)).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      message: `${path}: expected a database of the host, got a file that is not a database. ${DAMAGED_REMEDY}`,
    })
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  it('calls a file that was cut short damaged', async () => {
    const path = newPath()
    const store = await openSqliteStore(path)
    await store.connectors.put('default', { type: 'file' })
    await store.close()
    truncateSync(path, 8192)
    const use = async (): Promise<void> => {
      const cut = await openSqliteStore(path)
      try {
        await cut.connectors.list()
      } finally {
        await cut.close()
      }
    }
    await expect(use()).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  })

  it('says which path cannot be opened', async () => {
    const path = join(folder, 'no such folder', 'host.db')
    await expect(openSqliteStore(path)).rejects.toMatchObject({
      code: 'HOME_UNUSABLE',
      parts: { place: path },
    })
  })

  it('holds everything that was acknowledged before kill -9, points and cursor together', async () => {
    const path = newPath()
    for (const taskId of ['loop-1', 'loop-2', 'loop-3']) {
      const said = await writeUntilKilled(path, taskId, 50)
      const store = await openSqliteStore(path)
      const cursor = Number(await store.state.load('startup__loop', taskId))
      const batches = (await store.outbox.list('waiting', 100_000)).filter(
        (row) => row.connectorId === taskId,
      )
      const points = (await store.records.get(taskId))?.points['metric']
      await store.close()
      // The last commit may be durable although the child died before it could say so.
      expect(cursor - said).toBeOneOf([0, 1])
      expect({ batches: batches.length, points }).toEqual({ batches: cursor, points: cursor })
    }
  })

  it('copies itself as of one moment while another process writes as fast as it can', async () => {
    const path = newPath()
    const child = spawn(process.execPath, [WRITE_LOOP, path, 'loop'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    child.stdout.resume()
    const store = await openSqliteStore(path)
    const cursors: number[] = []
    for (let round = 0; round < 3; round += 1) {
      const copy = newPath()
      await store.copy(copy)
      const copied = await openSqliteStore(copy, { maxCheckedBytes: Infinity })
      const cursor = Number(await copied.state.load('startup__loop', 'loop'))
      expect(await copied.outbox.backlog()).toMatchObject({ waitingBatches: cursor, waitingPoints: cursor })
      await copied.close()
      cursors.push(cursor)
    }
    child.kill('SIGKILL')
    await once(child, 'exit')
    await store.close()
    expect(cursors).toEqual(cursors.toSorted((left, right) => left - right))
    expect(cursors.at(-1)).toBeGreaterThan(cursors[0] ?? Infinity)
  })
})
