import { describe, expect, it } from 'vitest'
import {
  effectiveTimeoutSec,
  inventoryState,
  keepTimeouts,
  loadInventory,
} from '../../../scripts/guance_integration/inventory.ts'
import { makeRun, makeStore, SESSION } from '../run-context.ts'

const KEY = { objectClass: 'aws_lambda', accountId: '123456789012', region: 'us-east-1' }

function makeInventory(count: number) {
  const entries = Array.from({ length: count }, (_, index) => ({
    name: `函数, "${index}"`,
    tags: {
      Runtime: 'nodejs24.x',
      Role: `arn:aws:iam::123456789012:role/service-role/a-rather-long-role-${index}`,
    },
    timeoutSec: 900,
  }))
  const aliases = Object.fromEntries(entries.map(({ name }, index) => [`uuid-${index}`, name]))
  return { listedAtMs: 1_000, pages: 1, sweep: { marker: 'next', endedMs: 500 }, entries, aliases }
}

describe('the inventory', () => {
  it('comes back as it was stored, in values below 1 MB', async () => {
    const store = makeStore()
    const run = makeRun(store, { triggerTimeMs: 0, session: SESSION })
    const inventory = makeInventory(10_000)
    await run.commit({ points: [], state: await inventoryState(run, KEY, inventory) })
    expect(await loadInventory(run, KEY)).toEqual(inventory)
    const sizes = [...store.state.values()].map((value) => Buffer.byteLength(JSON.stringify(value)))
    expect(Math.max(...sizes)).toBeLessThan(1_000_000)
  })

  it('keeps what is gone beside what is listed, while there is any', async () => {
    const store = makeStore()
    const run = makeRun(store, { triggerTimeMs: 0, session: SESSION })
    const gone = Array.from({ length: 2_001 }, (_, index) => ({
      name: `g${index}`,
      tags: {},
      sinceMs: 1,
      untilMs: 2,
    }))
    const inventory = { ...makeInventory(1), gone }
    await run.commit({ points: [], state: await inventoryState(run, KEY, inventory) })
    expect(await loadInventory(run, KEY)).toEqual(inventory)
    await run.commit({ points: [], state: await inventoryState(run, KEY, makeInventory(1)) })
    expect(await loadInventory(run, KEY)).toEqual(makeInventory(1))
    expect(store.state.size).toBe(3)
  })

  it('leaves nothing of a longer predecessor', async () => {
    const store = makeStore()
    const run = makeRun(store, { triggerTimeMs: 0, session: SESSION })
    await run.commit({ points: [], state: await inventoryState(run, KEY, makeInventory(5_000)) })
    await run.commit({ points: [], state: await inventoryState(run, KEY, makeInventory(1)) })
    expect(await loadInventory(run, KEY)).toEqual(makeInventory(1))
    expect(store.state.size).toBe(3)
    await run.commit({ points: [], state: await inventoryState(run, KEY, makeInventory(0)) })
    expect(store.state.size).toBe(1)
  })

  it('that an earlier version stored is read, with nothing known of what it did not keep', async () => {
    const store = makeStore()
    const key = `inventory/${KEY.objectClass}/${KEY.accountId}/${KEY.region}`
    store.state.set(key, { listedAtMs: 5, chunks: 1, aliasChunks: 1 })
    store.state.set(`${key}/0`, [{ name: 'f', tags: { Runtime: 'nodejs24.x' }, timeoutSec: 3 }])
    store.state.set(`${key}/alias/0`, [['u-1', 'f']])
    const run = makeRun(store, { triggerTimeMs: 0, session: SESSION })
    const inventory = await loadInventory(run, KEY)
    expect(inventory).toEqual({
      listedAtMs: 5,
      pages: 0,
      sweep: {},
      entries: [{ name: 'f', tags: { Runtime: 'nodejs24.x' }, timeoutSec: 3 }],
      aliases: { 'u-1': 'f' },
    })
    if (inventory === undefined) return
    await run.commit({ points: [], state: await inventoryState(run, KEY, { ...inventory, entries: [] }) })
    expect(await loadInventory(run, KEY)).toEqual({ ...inventory, entries: [] })
  })

  it('is undefined before the first listing', async () => {
    expect(
      await loadInventory(makeRun(makeStore(), { triggerTimeMs: 0, session: SESSION }), KEY),
    ).toBeUndefined()
  })
})

describe('a timeout that was lowered', () => {
  const MINUTE_MS = 60_000
  const before = [{ name: 'f', tags: {}, timeoutSec: 900 }]

  it('still counts for as long as an invocation begun under it may report', () => {
    const [entry] = keepTimeouts([{ name: 'f', tags: {}, timeoutSec: 3 }], before, 0)
    expect(entry).toMatchObject({ timeoutSec: 3, earlierTimeout: { timeoutSec: 900, changedMs: 0 } })
    expect(effectiveTimeoutSec(entry ?? {}, 18 * MINUTE_MS)).toBe(900)
    expect(effectiveTimeoutSec(entry ?? {}, 19 * MINUTE_MS)).toBe(3)
    const [again] = keepTimeouts(
      [{ name: 'f', tags: {}, timeoutSec: 3 }],
      entry ? [entry] : [],
      5 * MINUTE_MS,
    )
    expect(again).toEqual(entry)
    const [later] = keepTimeouts(
      [{ name: 'f', tags: {}, timeoutSec: 3 }],
      entry ? [entry] : [],
      30 * MINUTE_MS,
    )
    expect(later).toEqual({ name: 'f', tags: {}, timeoutSec: 3 })
  })

  it('counts from the last time it was lowered', () => {
    const [once] = keepTimeouts([{ name: 'f', tags: {}, timeoutSec: 600 }], before, 0)
    const [twice] = keepTimeouts([{ name: 'f', tags: {}, timeoutSec: 3 }], once ? [once] : [], 10 * MINUTE_MS)
    expect(effectiveTimeoutSec(twice ?? {}, 23 * MINUTE_MS)).toBeGreaterThanOrEqual(600)
    expect(effectiveTimeoutSec(twice ?? {}, 29 * MINUTE_MS)).toBe(3)
  })

  it('does not fall below that of a published version, which an alias may serve', () => {
    const served = { name: 'f', tags: {}, timeoutSec: 3, versionTimeoutSec: 600, sweptTimeoutSec: 60 }
    expect(keepTimeouts([served], [{ ...served, timeoutSec: 900 }], 0)).toMatchObject([
      { earlierTimeout: { timeoutSec: 900 } },
    ])
    expect(effectiveTimeoutSec(served, 0)).toBe(600)
    expect(keepTimeouts([served], [{ ...served, timeoutSec: 300 }], 0)).toEqual([served])
  })

  it('is not kept when it was raised, or of a function that was not known', () => {
    const raised = [{ name: 'f', tags: {}, timeoutSec: 901 }]
    expect(keepTimeouts(raised, before, 0)).toEqual(raised)
    expect(keepTimeouts(before, [], 0)).toEqual(before)
  })
})
