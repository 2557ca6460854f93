import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DffError } from '../../../core/error.ts'
import { openSqliteStore } from '../../../runner/store/sqlite/open.ts'
import type { Store } from '../../../runner/store/store.ts'
import {
  CONNECTOR,
  makeBatch,
  SCRIPT,
  StoreFixture,
  SUCCESS,
  T0,
  TRIGGER,
} from '../../contract/store-fixture.ts'

const KEYS = Array.from({ length: 40 }, (_, index) => `ledger/${index}`)

let folder: string
let path: string
let original: Buffer
let whole: string

/** Everything that is sent or decides what is collected. */
async function dump(store: Store): Promise<string> {
  const state = await Promise.all(KEYS.map((key) => store.state.load(SCRIPT, key)))
  const bodies: string[] = []
  for (let batch = await store.outbox.next(CONNECTOR, T0); batch !== undefined;) {
    bodies.push(Buffer.from(batch.body).toString('latin1'))
    await store.outbox.acknowledge(batch.batchId, T0)
    batch = await store.outbox.next(CONNECTOR, T0)
  }
  return JSON.stringify({ state, bodies })
}

/** Opens a damaged copy as a host does and gives what it holds, or the error that it opens with. */
async function openDamaged(bytes: Buffer): Promise<string | DffError> {
  writeFileSync(path, bytes)
  for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true })
  try {
    const store = await openSqliteStore(path, { maxCheckedBytes: Infinity })
    try {
      return await dump(store)
    } finally {
      await store.close()
    }
  } catch (error) {
    if (error instanceof DffError) return error
    throw error
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dff-damage-'))
  path = join(folder, 'host.db')
  const store = await openSqliteStore(path)
  const fixture = new StoreFixture(store)
  await fixture.declare(TRIGGER)
  const lease = await fixture.runTask('a')
  for (const [index, key] of KEYS.entries()) {
    const state = {
      [key]: { through: T0 + index, gaps: Array.from({ length: 200 }, (_, gap) => gap * index) },
    }
    await fixture.commit(lease, { batches: [], state })
  }
  await store.queue.finish(lease, SUCCESS)
  await store.close()
  // Batches of a size that spreads over pages; the contract's fixture bounds its store to less.
  const second = await openSqliteStore(path)
  const again = await new StoreFixture(second).runTask('b')
  for (let index = 0; index < 6; index += 1) {
    const batch = makeBatch('', { body: new Uint8Array(9_000).fill(index + 1) })
    await new StoreFixture(second).commit(again, { batches: [batch] })
  }
  await second.queue.finish(again, SUCCESS)
  await second.close()
  original = readFileSync(path)
  const opened = await openDamaged(original)
  whole = opened instanceof DffError ? opened.message : opened
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a store whose file was damaged', () => {
  it('opens when it was not', () => {
    expect(whole).toContain('"through":')
    expect(original.byteLength).toBeGreaterThan(100_000)
  })

  it('never gives back another cursor or batch than was stored, wherever a byte has flipped', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(original.byteLength - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const bytes = Buffer.from(original)
          bytes.writeUInt8(bytes.readUInt8(at) ^ flip, at)
          const opened = await openDamaged(bytes)
          if (opened instanceof DffError) expect(opened.code).toBe('STORE_CORRUPT')
          else expect(opened).toBe(whole)
        },
      ),
      { numRuns: 150, seed: 7 },
    )
  })

  it.each([
    ['a page was lost', (bytes: Buffer) => void bytes.fill(0, 4096 * 5, 4096 * 6)],
    ['a page was overwritten', (bytes: Buffer) => void bytes.fill(0xa5, 4096 * 8, 4096 * 9)],
    ['its header was overwritten', (bytes: Buffer) => void bytes.fill(0xff, 0, 100)],
    [
      'its schema was overwritten',
      (bytes: Buffer) => {
        // Copies of it lie in free space as well.
        for (let at = bytes.indexOf('TABLE batch'); at >= 0; at = bytes.indexOf('TABLE batch')) {
          bytes.write('TABLE notch', at)
        }
      },
    ],
  ])('says in one sentence that it is damaged and what to do, when %s', async (_title, damage) => {
    const bytes = Buffer.from(original)
    damage(bytes)
    const opened = await openDamaged(bytes)
    expect(opened).toBeInstanceOf(DffError)
    expect(String(opened)).toMatch(/host\.db: expected .*, got .*\. Restore a backup with dff restore FILE; /)
    expect(String(opened)).not.toContain('\n')
  })

  it('says so of one that was cut short', async () => {
    expect(await openDamaged(original.subarray(0, original.byteLength - 4096 * 4))).toMatchObject({
      code: 'STORE_CORRUPT',
    })
  })

  it('names the cursor that changed, also when nobody has looked before', async () => {
    writeFileSync(path, original)
    const database = new DatabaseSync(path)
    database.exec(`UPDATE state SET value = replace(value, '${T0 + 3}', '${T0 + 4}') WHERE key = 'ledger/3'`)
    database.close()
    const store = await openSqliteStore(path)
    await expect(store.state.load(SCRIPT, 'ledger/3')).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      parts: { expected: `state "ledger/3" of ${SCRIPT} as it was stored` },
    })
    expect(await store.state.load(SCRIPT, 'ledger/4')).toMatchObject({ through: T0 + 4 })
    await store.close()
  })

  it('never offers a batch that changed, and says how to go on without it', async () => {
    writeFileSync(path, original)
    const database = new DatabaseSync(path)
    database.exec('UPDATE batch SET body = zeroblob(length(body)) WHERE batch_id = 1')
    database.close()
    const store = await openSqliteStore(path)
    await expect(store.outbox.next(CONNECTOR, T0)).rejects.toThrow(/dff outbox drop 1, then .* --backfill/)
    await store.outbox.drop(1)
    expect(await store.outbox.next(CONNECTOR, T0)).toMatchObject({ batchId: 2 })
    await store.close()
  })
})
