import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openClient } from '../../../runner/client.ts'
import { homePaths } from '../../../runner/home.ts'
import { openSqliteStore } from '../../../runner/store/sqlite/open.ts'
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

describe('the lease of a function', () => {
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
    await store.queue.enqueueOnce({
      id: 'next',
      funcId: 'startup__demo_set.run',
      triggerId: null,
      origin: 'direct',
      tickMs: null,
      triggerTimeMs: 0,
      expiresAtMs: killedMs + 2 * PROMISED_MS,
      isDebug: false,
      connector: 'file',
      endpointUrl: null,
    })
    const early = await store.queue.claim('next', killedMs, PROMISED_MS)
    const later = await store.queue.claim('next', killedMs + PROMISED_MS, PROMISED_MS)
    await store.close()
    expect([early.kind, later.kind]).toEqual(['busy', 'claimed'])
  })
})
