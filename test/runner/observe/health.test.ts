import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { examineHealth, type Health } from '../../../runner/observe/health.ts'
import type { SenderStatus } from '../../../runner/outbox/sender.ts'
import { openSqliteStore } from '../../../runner/store/sqlite/open.ts'
import type { Store } from '../../../runner/store/store.ts'
import type { Scheduler } from '../../../runner/trigger/scheduler.ts'

const STARTED_MS = Date.parse('2026-11-23T12:00:00Z')
const MINUTE_MS = 60_000
/** Fills more than four fifths of the bound below. */
const BATCH = {
  category: 'metric',
  points: 1,
  rawBytes: 9,
  body: new Uint8Array(90),
  contents: [],
} as const

let folder: string
let store: Store

/** The health of a host whose parts are as said; the others are well. */
async function examine({ silenceMs = 0, lastError = null as string | null } = {}): Promise<Health> {
  const status: SenderStatus = { state: 'ok', lastError, lastAcknowledgedMs: null }
  const scheduler: Scheduler = {
    refresh: async () => undefined,
    silenceMs: () => silenceMs,
    stop: async () => undefined,
  }
  const sender = {
    start: () => undefined,
    wake: () => undefined,
    reload: () => undefined,
    drain: () => store.outbox.backlog(),
    stop: async () => undefined,
    status: () => status,
  }
  const owner = { pid: 7, startedAtMs: STARTED_MS, mode: 'start', command: 'dff start' } as const
  return examineHealth({ store, owner, sender, scheduler }, STARTED_MS + MINUTE_MS)
}

function statusesOf({ checks }: Health): Readonly<Record<string, string>> {
  return Object.fromEntries(checks.map(({ id, status }) => [id, status]))
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dff-health-'))
  store = await openSqliteStore(join(folder, 'host.db'), { maxOutboxBytes: 100 })
})

afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('the health of a host', () => {
  it('is well when everything is', async () => {
    const health = await examine({ silenceMs: MINUTE_MS })
    expect(health).toMatchObject({ status: 'ok', pid: 7, uptimeSec: 60 })
    expect(statusesOf(health)).toEqual({ store: 'ok', outbox: 'ok', scheduler: 'ok', delivery: 'ok' })
  })

  it('fails when the scheduler has not looked at the triggers for three minutes', async () => {
    expect((await examine({ silenceMs: 3 * MINUTE_MS })).status).toBe('ok')
    const health = await examine({ silenceMs: 3 * MINUTE_MS + 1 })
    expect(health.status).toBe('failed')
    expect(statusesOf(health)).toMatchObject({ scheduler: 'failed' })
  })

  it('fails when the database does not answer', async () => {
    await store.close()
    const health = await examine()
    expect(health.status).toBe('failed')
    expect(statusesOf(health)).toMatchObject({ store: 'failed' })
  })

  it('is a warning when a sink is down or the outbox nearly full: a restart would mend neither', async () => {
    expect(await examine({ lastError: '503' })).toMatchObject({ status: 'warning' })
    await store.outbox.add([BATCH], { connectorId: 'default', scriptId: 's', nowMs: STARTED_MS })
    const health = await examine()
    expect(health.status).toBe('warning')
    expect(statusesOf(health)).toMatchObject({ outbox: 'warning', delivery: 'ok' })
  })
})
