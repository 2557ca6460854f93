import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPruner } from '../../runner/pruner.ts'
import { openSqliteStore } from '../../runner/store/sqlite/open.ts'
import type { Store } from '../../runner/store/store.ts'

let folder: string
let store: Store

async function endTasks(count: number): Promise<void> {
  const task = { funcId: 'startup__x.run', triggerId: null, origin: 'direct', tickMs: null } as const
  const rest = { isDebug: false, connector: 'file', endpointUrl: null }
  const nowMs = Date.now()
  for (let index = 0; index < count; index += 1) {
    const id = `task-${index}`
    await store.queue.enqueueOnce({ ...task, ...rest, id, triggerTimeMs: nowMs, expiresAtMs: nowMs })
    await store.queue.close(id, 'skip', 'for the test', nowMs)
  }
}

async function countRecords(): Promise<number> {
  return (await store.records.list({ limit: 1_000, funcId: null, status: null })).length
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dff-pruner-'))
  store = await openSqliteStore(join(folder, 'host.db'))
})

afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('pruning', () => {
  it('comes with every fiftieth task, so that a function that runs all the time leaves no more than one that rests', async () => {
    const pruner = createPruner({ store, note: () => undefined })
    await endTasks(160)
    for (let ended = 1; ended < 50; ended += 1) await pruner.taskEnded()
    expect(await countRecords()).toBe(160)
    await pruner.taskEnded()
    expect(await countRecords()).toBe(100)
  })

  it('that fails is noted and ends nothing', async () => {
    const notes: string[] = []
    const pruner = createPruner({ store, note: (text) => notes.push(text) })
    await store.close()
    for (let ended = 1; ended <= 50; ended += 1) await pruner.taskEnded()
    expect(notes).toHaveLength(1)
  })
})
