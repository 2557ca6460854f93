import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Point } from '../../../core/point.ts'
import { homePaths } from '../../../runner/home.ts'
import { unpackBody } from '../../../runner/line-protocol/body.ts'
import { Counters } from '../../../runner/observe/counters.ts'
import { Reporter } from '../../../runner/observe/reporter.ts'
import { encodeBatches } from '../../../runner/outbox/encode-batch.ts'
import { createSender } from '../../../runner/outbox/sender.ts'
import { openSqliteStore } from '../../../runner/store/sqlite/open.ts'
import type { Store } from '../../../runner/store/store.ts'
import { makeRecord, NOW_MS } from './sample.ts'

let folder: string
let store: Store
let notes: string[]

async function open(maxOutboxBytes: number): Promise<Reporter> {
  store = await openSqliteStore(join(folder, 'host.db'), { maxOutboxBytes })
  const sender = createSender({
    store,
    openSinkFor: () => Promise.reject(new Error('never started')),
    connectorIds: async () => [],
  })
  const parts = {
    store,
    sender,
    owner: { pid: 1, startedAtMs: NOW_MS, mode: 'start', command: 'dff start' } as const,
    counters: new Counters(NOW_MS),
    note: (text: string) => notes.push(text),
    paths: homePaths(folder),
  }
  return new Reporter(parts, { now: () => NOW_MS, host: 'collector-1' })
}

/** Points of some script, acknowledged at once. */
async function deliver(names: readonly string[]): Promise<void> {
  const points = names.map((name): Point => ({
    category: 'metric',
    measurement: 'm',
    tags: { name },
    fields: { f: 1 },
    timeMs: NOW_MS,
  }))
  await store.outbox.add(encodeBatches(points), { connectorId: 'other', scriptId: 's', nowMs: NOW_MS })
  const batch = await store.outbox.next('other', NOW_MS)
  await store.outbox.acknowledge(batch?.batchId ?? 0, NOW_MS)
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dff-reporter-'))
  notes = []
})

afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

describe("the host's reporter", () => {
  it('puts its points behind what waits, under a script id that no script can have', async () => {
    const reporter = await open(1_000_000)
    await reporter.begin()
    await reporter.report()
    await reporter.taskEnded(makeRecord())
    const rows = await store.outbox.list('waiting', 10)
    expect(rows.map(({ category, taskId }) => [category, taskId])).toEqual([
      ['metric', ''],
      ['logging', ''],
    ])
    expect(await store.outbox.next('default', NOW_MS)).toMatchObject({ scriptId: 'dff', createdAtMs: NOW_MS })
  })

  it('counts what came since it began, and not what an earlier host has delivered', async () => {
    const reporter = await open(1_000_000)
    await deliver(['a', 'b', 'c'])
    await reporter.begin()
    await reporter.report()
    await deliver(['d', 'e'])
    await reporter.report()
    const rows = await store.outbox.list('waiting', 10)
    const batches = await Promise.all(rows.map(({ batchId }) => store.outbox.get(batchId)))
    const texts = batches.map((batch) => unpackBody(batch?.body ?? new Uint8Array()) ?? '')
    expect(texts.map((text) => /acknowledged_points=([^,]+),/.exec(text)?.[1])).toEqual(['0', '2'])
  })

  it('writes nothing for a debug run', async () => {
    const reporter = await open(1_000_000)
    await reporter.taskEnded(makeRecord({ isDebug: true }))
    expect(await store.outbox.list(null, 10)).toEqual([])
  })

  it('leaves its points out when the outbox is full, and says so once until there is room', async () => {
    const reporter = await open(10)
    await reporter.report()
    await reporter.report()
    expect(notes).toEqual(["The host's own points are left out: the outbox is full"])
    expect(await store.outbox.list(null, 10)).toEqual([])
  })

  it('does not end with the store, and says so once', async () => {
    const reporter = await open(1_000_000)
    await store.close()
    await reporter.report()
    await reporter.taskEnded(makeRecord())
    expect(notes).toHaveLength(1)
    expect(notes[0]).toMatch(/own points are left out: .*not open/)
  })
})
