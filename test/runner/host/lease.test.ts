import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openClient } from '../../../runner/client.ts'
import { homePaths } from '../../../runner/home.ts'
import { openSqliteStore } from '../../../runner/store/sqlite/open.ts'
import type { NewTask } from '../../../runner/store/store.ts'
import { type Gate, type Ground, makeGround, openGate } from './fixture.ts'
import { hold } from './holder-process.ts'

/** What is promised: a lease is gone within this of its holder's last sign of life. */
const PROMISED_MS = 15_000

let ground: Ground
let gate: Gate

beforeEach(async () => {
  ground = makeGround()
  gate = await openGate()
})

afterEach(async () => {
  await gate.close()
  ground.remove()
})

/** Another task of the same function. */
function nextTask(expiresAtMs: number): NewTask {
  return {
    id: 'next',
    funcId: 'startup__demo_set.run',
    triggerId: null,
    origin: 'direct',
    tickMs: null,
    triggerTimeMs: 0,
    expiresAtMs,
    isDebug: false,
    connector: 'file',
    endpointUrl: null,
  }
}

describe('the lease of a function', () => {
  it('that somebody else has taken ends the task that had it, at the next sign of life', async () => {
    const client = await openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
    await client.call('install', {
      setId: 'demo_set',
      parameters: { names: ['a'], gate: gate.url },
      force: false,
    })
    await client.call('deploy', { setId: 'demo_set', force: false })
    const running = client.call('exec', { target: 'demo_set', atMs: null, debug: false })
    await gate.arrived()
    const store = await openSqliteStore(homePaths(ground.home).database)
    // As another host on this store sees it, after this one was suspended for a minute.
    const laterMs = Date.now() + 4 * PROMISED_MS
    await store.queue.enqueueOnce(nextTask(laterMs + 1))
    expect(await store.queue.claim('next', laterMs, PROMISED_MS)).toMatchObject({ kind: 'claimed' })
    await store.close()
    // The gate stays shut: only being ended ends it.
    expect((await running).record).toMatchObject({ status: 'failure', exceptionType: 'LeaseLost' })
    await client.close()
  })

  it('is free 15 s after its host was killed, for another host on the same store', async () => {
    const parameters = { names: ['a'], gate: gate.url }
    const holder = await hold(ground, 'start')
    const client = await openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
    await client.call('install', { setId: 'demo_set', parameters, force: false })
    await client.call('deploy', { setId: 'demo_set', force: false })
    const watching = client.call('exec', { target: 'demo_set', atMs: null, debug: false })
    watching.catch(() => undefined)
    await gate.arrived()
    await holder.end('SIGKILL')
    const killedMs = Date.now()
    await client.close()
    // The store alone: no host has taken the home over and ended the orphan.
    const store = await openSqliteStore(homePaths(ground.home).database)
    await store.queue.enqueueOnce(nextTask(killedMs + 2 * PROMISED_MS))
    const early = await store.queue.claim('next', killedMs, PROMISED_MS)
    const later = await store.queue.claim('next', killedMs + PROMISED_MS, PROMISED_MS)
    await store.close()
    expect([early.kind, later.kind]).toEqual(['busy', 'claimed'])
  })
})
