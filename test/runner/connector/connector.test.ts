import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ConnectorConfig } from '../../../core/schema-types.generated.ts'
import { testConnector } from '../../../runner/connector/probe.ts'
import { type ConnectorRegistry, createConnectorRegistry } from '../../../runner/connector/registry.ts'
import { createVault, type Vault } from '../../../runner/secret/vault.ts'
import { openSqliteStore } from '../../../runner/store/sqlite/open.ts'
import type { Store } from '../../../runner/store/store.ts'
import { type Loopback, openLoopback } from '../sink/loopback.ts'

const TOKEN = 'tkn_0123456789'

let folder = ''
let output = ''
let store: Store
let vault: Vault
let registry: ConnectorRegistry
let server: Loopback

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dff-connector-'))
  output = join(folder, 'output')
  store = await openSqliteStore(join(folder, 'host.db'))
  vault = createVault(store.secrets, randomBytes(32))
  registry = createConnectorRegistry({ connectors: store.connectors, vault, output })
  server = await openLoopback()
})

afterEach(async () => {
  await server.close()
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

function dataway(url: string, tokenSecret = 'set.token'): ConnectorConfig {
  return { type: 'dataway', url, tokenSecret }
}

describe('connectors', () => {
  it('write to files until default is set', async () => {
    const implicit = { id: 'default', config: { type: 'file' }, isImplicit: true }
    expect(await registry.resolve('default')).toEqual(implicit)
    expect(await registry.list()).toEqual([implicit])
    await registry.set('default', { type: 'datakit', url: server.url }, null)
    expect(await registry.list()).toEqual([
      { id: 'default', config: { type: 'datakit', url: server.url }, isImplicit: false },
    ])
  })

  it('keep what they were told of their store while type and URL stay the same', async () => {
    const plain: ConnectorConfig = { type: 'datakit', url: server.url }
    await registry.set('default', { ...plain, rewrite: 'last', mergesFields: true }, null)
    const told = { ...plain, rewrite: 'last', mergesFields: true }
    expect((await registry.set('default', plain, null)).config).toEqual(told)
    const unknown = { ...plain, rewrite: 'unknown', mergesFields: false } as const
    expect((await registry.set('default', unknown, null)).config).toEqual(unknown)
    await registry.set('default', { ...plain, rewrite: 'last' }, null)
    const elsewhere: ConnectorConfig = { type: 'datakit', url: `${server.url}/other` }
    expect((await registry.set('default', elsewhere, null)).config).toEqual(elsewhere)
  })

  it('keep how far back their store takes points until another figure is said', async () => {
    const plain: ConnectorConfig = { type: 'datakit', url: server.url }
    const kept = async (more: object) => (await registry.set('default', { ...plain, ...more }, null)).config
    await kept({ retentionHours: 72 })
    expect(await kept({})).toEqual({ ...plain, retentionHours: 72 })
    expect(await kept({ rewrite: 'last' })).toEqual({ ...plain, rewrite: 'last', retentionHours: 72 })
    expect(await kept({ retentionHours: 0 })).toEqual({ ...plain, rewrite: 'last', retentionHours: 0 })
    await expect(kept({ retentionHours: 1.5 })).rejects.toMatchObject({ code: 'BAD_PARAMETER' })
  })

  it('are known by name, and a typo is answered with the nearest', async () => {
    await registry.set('staging', { type: 'datakit', url: server.url }, null)
    await expect(registry.resolve('stagin')).rejects.toMatchObject({
      code: 'UNKNOWN_NAME',
      parts: { remedy: 'Did you mean staging?' },
    })
  })

  it('keep a token in the vault and only its name in their configuration', async () => {
    const row = await registry.set('default', dataway(server.url), TOKEN)
    expect(row.config).toEqual(dataway(server.url, 'connector.default.token'))
    expect(await vault.read('connector.default.token')).toBe(TOKEN)
    await registry.set('default', dataway(`${server.url}/v2`, 'connector.default.token'), null)
    expect(JSON.stringify(await registry.list())).not.toContain('tkn_')
  })

  it.each([
    ['a name with a space', 'my connector', { type: 'file' }, null, 'BAD_PARAMETER'],
    [
      'a URL to metadata',
      'default',
      { type: 'datakit', url: 'http://169.254.169.254' },
      null,
      'BAD_PARAMETER',
    ],
    ['a public http URL', 'default', dataway('http://8.8.8.8'), TOKEN, 'BAD_PARAMETER'],
    [
      'a URL with the token in it',
      'default',
      dataway(`https://x.test/?token=${TOKEN}`),
      null,
      'BAD_PARAMETER',
    ],
    ['a token for DataKit', 'default', { type: 'datakit', url: 'http://127.0.0.1' }, TOKEN, 'BAD_PARAMETER'],
    ['a secret that is not stored', 'default', dataway('https://127.0.0.1'), null, 'NO_SECRET'],
    ['a type that does not exist', 'default', { type: 'kafka' } as never, null, 'BAD_PARAMETER'],
  ] satisfies [string, string, ConnectorConfig, string | null, string][])(
    'refuse %s and store nothing',
    async (...[, id, config, token, code]) => {
      const setting = registry.set(id, config, token)
      await expect(setting).rejects.toMatchObject({ code })
      await expect(setting).rejects.not.toThrow(TOKEN)
      expect([await store.connectors.list(), await store.secrets.list()]).toEqual([[], []])
    },
  )

  it('open a sink that delivers', async () => {
    const batch = { batchId: 1, category: 'metric', points: 1, body: gzipSync('m f=1 1') } as const
    const send = async (id: string): Promise<string> => {
      const sink = await registry.open(id)
      const result = await sink.send(batch, AbortSignal.timeout(20_000))
      await sink.close()
      return result.kind
    }
    expect(await send('default')).toBe('accepted')
    expect(readFileSync(join(output, readdirSync(output)[0] ?? ''), 'utf8')).toBe('m f=1 1\n')
    await registry.set('default', dataway(server.url), TOKEN)
    expect(await send('default')).toBe('accepted')
    expect(server.seen.map((request) => request.text)).toEqual(['m f=1 1'])
    await store.secrets.remove('connector.default.token')
    await expect(registry.open('default')).rejects.toMatchObject({ code: 'NO_SECRET' })
  })
})

describe('testing a connector', () => {
  async function check(config: ConnectorConfig, token: string | null = null): Promise<string[]> {
    const row = await registry.set('default', config, token)
    const report = await testConnector(row, { vault, output })
    expect(report.target).toBe('connector default')
    return report.checks.map((one) => `${one.id} ${one.status}`)
  }

  it('asks DataKit with a dry run', async () => {
    expect(await check({ type: 'datakit', url: server.url })).toEqual([
      'connector.reachable ok',
      'connector.write ok',
    ])
    expect(server.seen.map((request) => request.url)).toEqual([
      '/v1/write/metric?precision=n&ignore_global_host_tags&dry',
    ])
  })

  it('writes one point of its own to DataWay', async () => {
    expect(await check(dataway(server.url), TOKEN)).toEqual(['connector.reachable ok', 'connector.write ok'])
    expect(server.seen.map((request) => request.text)).toEqual([
      expect.stringMatching(/^dff_connector_test ok=1 \d+$/),
    ])
  })

  it('tells a wrong token from a sink that does not answer', async () => {
    server.answer = () => ({
      status: 403,
      body: `{"error_code":"datakit.invalidToken","message":"${TOKEN}"}`,
    })
    const row = await registry.set('default', dataway(server.url), TOKEN)
    const report = await testConnector(row, { vault, output })
    expect(report.checks).toMatchObject([
      { status: 'ok' },
      { status: 'failed', detail: '403 datakit.invalidToken: *****' },
    ])
    await server.close()
    expect(await check(dataway(server.url), TOKEN)).toEqual([
      'connector.reachable failed',
      'connector.write failed',
    ])
    server = await openLoopback()
  })

  it('fails as a check when the token is gone', async () => {
    const row = await registry.set('default', dataway(server.url), TOKEN)
    await store.secrets.remove('connector.default.token')
    const report = await testConnector(row, { vault, output })
    expect(report.checks).toMatchObject([{ id: 'connector.open', status: 'failed' }])
  })

  it('tries the folder of files and leaves nothing in it', async () => {
    expect(await check({ type: 'file' })).toEqual(['connector.write ok'])
    expect(existsSync(output) && readdirSync(output)).toEqual([])
    rmSync(output, { recursive: true })
    writeFileSync(output, '')
    expect(await check({ type: 'file' })).toEqual(['connector.write failed'])
  })
})
