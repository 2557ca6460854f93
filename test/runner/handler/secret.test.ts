import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openClient } from '../../../runner/client.ts'
import type { HostClient } from '../../../runner/host-api.ts'
import { type Ground, makeGround } from '../host/fixture.ts'
import { type Loopback, openLoopback } from '../sink/loopback.ts'

const EXEC = { target: 'demo_set', atMs: null, debug: false } as const

let ground: Ground
let gateway: Loopback
let client: HostClient

beforeEach(async () => {
  ground = makeGround()
  gateway = await openLoopback()
  client = await openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
})

afterEach(async () => {
  await client.close()
  await gateway.close()
  ground.remove()
})

describe('removing a secret', () => {
  it('ends the delivery that used it', async () => {
    const config = { type: 'dataway', url: gateway.url, tokenSecret: 'connector.default.token' } as const
    await client.call('connector.set', { id: 'default', config, token: 'tkn_0123456789' })
    await client.call('install', { setId: 'demo_set', parameters: { names: ['a'] }, force: false })
    await client.call('deploy', { setId: 'demo_set', force: false })
    expect((await client.call('exec', EXEC)).deliveryError).toBeNull()
    const delivered = gateway.seen.length
    expect(await client.call('secret.remove', { name: config.tokenSecret })).toEqual({ removed: true })
    const { backlog, deliveryError } = await client.call('exec', EXEC)
    expect(gateway.seen).toHaveLength(delivered)
    expect(backlog.waitingBatches).toBeGreaterThan(0)
    expect(deliveryError).toContain(config.tokenSecret)
  })
})
