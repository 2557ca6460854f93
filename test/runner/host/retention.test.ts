import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openClient } from '../../../runner/client.ts'
import { homePaths } from '../../../runner/home.ts'
import type { HostClient, TaskRecord } from '../../../runner/host-api.ts'
import { startHost } from '../../../runner/host.ts'
import { openSqliteStore } from '../../../runner/store/sqlite/open.ts'
import { makeBatch, makeTask, SCRIPT, StoreFixture, SUCCESS } from '../../contract/store-fixture.ts'
import { type Ground, makeGround, until } from './fixture.ts'

const DAY_MS = 86_400_000
const KEPT_DAYS = 90

let ground: Ground

async function useHome<T>(body: (client: HostClient) => Promise<T>): Promise<T> {
  const client = await openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
  try {
    return await body(client)
  } finally {
    await client.close()
  }
}

beforeEach(() => {
  ground = makeGround()
})

afterEach(() => ground.remove())

describe('a home', () => {
  it('keeps records, logs and dead batches for ninety days, and what waits for delivery until it is delivered', async () => {
    await useHome(async () => undefined)
    const store = await openSqliteStore(homePaths(ground.home).database)
    const fixture = new StoreFixture(store)
    const nowMs = Date.now()
    const times = { old: nowMs - (KEPT_DAYS + 1) * DAY_MS, young: nowMs - (KEPT_DAYS - 1) * DAY_MS }
    for (const [id, timeMs] of Object.entries(times)) {
      const funcId = `${SCRIPT}.${id}`
      await store.queue.enqueueOnce(makeTask(id, { funcId, expiresAtMs: Number.MAX_SAFE_INTEGER }))
      await store.queue.claim(id, timeMs, DAY_MS)
      const lease = { taskId: id, fence: 1 }
      await fixture.commit(lease, { nowMs: timeMs, batches: [makeBatch(`${id} dead`)] })
      await fixture.commit(lease, { nowMs: timeMs, batches: [makeBatch(`${id} waiting`)] })
      await store.records.appendLog([{ taskId: id, sequence: 1, timeMs, text: id }])
      await store.queue.finish(lease, { ...SUCCESS, endTimeMs: timeMs })
    }
    // The first of each two.
    const rows = await store.outbox.list('waiting', 9)
    for (const { batchId } of rows.filter((row) => row.batchId % 2 === 1))
      await store.outbox.bury(batchId, 'refused')
    await store.close()
    await useHome(async (client) => {
      const records = await client.call('task.list', { limit: 9, funcId: null, status: null })
      expect(records.map(({ id }) => id)).toEqual(['young'])
      expect((await client.call('log', { taskId: 'young', follow: false })).lines).toHaveLength(1)
      const batches = await client.call('outbox.list', { state: null, limit: 9 })
      expect(batches.map(({ state, taskId }) => `${taskId} ${state}`).toSorted()).toEqual([
        'old waiting',
        'young dead',
        'young waiting',
      ])
    })
  })

  it('forgets records also between two hours, when many tasks come at once', async () => {
    await useHome(async () => undefined)
    const store = await openSqliteStore(homePaths(ground.home).database)
    const many = Array.from({ length: 170 }, (_, index) => `tick-${index}`)
    for (const [index, id] of many.entries()) {
      const tick = { triggerId: 'cron', origin: 'cronJob', tickMs: index } as const
      await store.queue.enqueueOnce(makeTask(id, { ...tick, expiresAtMs: Number.MAX_SAFE_INTEGER }))
    }
    await store.close()
    // They are of a script that is gone: one after the other fails or is skipped, after the host has pruned at its start.
    const controller = new AbortController()
    const running = startHost(ground.home, { signal: controller.signal, marketRoot: ground.marketRoot })
    try {
      const client = await openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
      let records: readonly TaskRecord[] = []
      await until('every one has its end', async () => {
        records = await client.call('task.list', { limit: 1_000, funcId: null, status: null })
        return records.every(({ endTimeMs }) => endTimeMs !== null)
      })
      // A hundred are kept, and at most what came since the last prune lies beyond.
      expect(records.length).toBeLessThan(100 + 50)
      await client.close()
    } finally {
      controller.abort()
      await running
    }
  })
})
