import { appendFileSync, chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openClient } from '../../../runner/client.ts'
import { homePaths } from '../../../runner/home.ts'
import type { FormValues, HostClient } from '../../../runner/host-api.ts'
import type { InstalledRow } from '../../../runner/host-report.ts'
import { writeListing } from '../../../tools/gen-marketplace.ts'
import { type Ground, makeGround, writeMarket } from './fixture.ts'

const TOKEN = 't0ken\'with"quotes中文'

let ground: Ground
let client: HostClient

function install(parameters: FormValues, setId = 'demo_set'): Promise<readonly InstalledRow[]> {
  return client.call('install', { setId, parameters, force: false })
}

function generations(setId: string): string[] {
  const folder = join(homePaths(ground.home).sets, setId)
  return existsSync(folder) ? readdirSync(folder) : []
}

beforeEach(async () => {
  ground = makeGround()
  client = await openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
})

afterEach(async () => {
  await client.close()
  ground.remove()
})

describe('an upgrade', () => {
  it('that fails midway leaves sets, secrets and files of the earlier one in use', async () => {
    await install({ names: ['a'], token: TOKEN })
    const before = generations('demo_set')
    writeMarket(ground.marketRoot, { version: '1.1.0' })
    const database = new DatabaseSync(homePaths(ground.home).database)
    database.exec(
      `CREATE TRIGGER broken BEFORE INSERT ON script_set WHEN new.set_id = 'demo_set' BEGIN SELECT RAISE(ABORT, 'no room'); END`,
    )
    const [earlier] = await client.call('secret.list', {})
    await expect(install({ token: null })).rejects.toThrow('no room')
    expect(await client.call('secret.list', {})).toEqual([earlier])
    const installed = database.prepare('SELECT installed_at_ms FROM script_set ORDER BY set_id').all()
    expect(new Set(installed.map((row) => row['installed_at_ms'])).size).toBe(1)
    expect(generations('demo_set')).toEqual(expect.arrayContaining(before))
    database.exec('DROP TRIGGER broken')
    database.close()
    await install({ token: null })
    expect(await client.call('secret.list', {})).toEqual([])
    expect(generations('demo_set')).toHaveLength(1)
  })
})

describe('market', () => {
  it('lists sets with what is installed and whether an update waits', async () => {
    await install({ names: ['a'] })
    writeMarket(ground.marketRoot, { version: '1.1.0' })
    const rows = await client.call('market.list', {})
    expect(rows.map((row) => [row.manifest.id, row.installedVersion, row.isUpdateWaiting])).toEqual([
      ['demo_base', '1.0.0', false],
      ['demo_set', '1.0.0', true],
    ])
  })

  it('shows the form of a set, and none for a set that is only imported', async () => {
    const shown = await client.call('market.show', { setId: 'demo_set' })
    expect(shown.parameters).toMatchObject({ required: ['names'] })
    expect(shown.files.map((file) => file.path)).toEqual(['main.ts', 'set.json', 'startup.ts.template'])
    expect((await client.call('market.show', { setId: 'demo_base' })).parameters).toBeNull()
  })

  it('names the nearest set for an unknown one', async () => {
    await expect(client.call('market.show', { setId: 'demo_sett' })).rejects.toMatchObject({
      code: 'UNKNOWN_SET',
      parts: { remedy: 'Did you mean demo_set?' },
    })
  })

  it('refuses a listing that is not one', async () => {
    writeFileSync(join(ground.marketRoot, 'marketplace.json'), '{"formatVersion":2,"sets":[]}')
    await expect(client.call('market.list', {})).rejects.toMatchObject({ code: 'LISTING_INVALID' })
  })
})

describe('install', () => {
  it('installs what a set requires first, and nothing twice', async () => {
    const rows = await install({ names: ['a'] })
    expect(rows.map((row) => [row.setId, row.wasInstalled])).toEqual([
      ['demo_base', true],
      ['demo_set', true],
    ])
    expect((await install({})).map((row) => row.wasInstalled)).toEqual([false, false])
  })

  it('keeps secrets in the vault, granted to the Startup script, and nowhere in clear', async () => {
    await install({ names: ['a'], token: TOKEN, user: 'u' })
    expect(await client.call('secret.list', {})).toMatchObject([
      { name: 'demo_set.token', grantedTo: ['startup__demo_set'] },
    ])
    await client.close()
    const { dff } = homePaths(ground.home)
    const files = readdirSync(dff, { recursive: true, withFileTypes: true }).filter((file) => file.isFile())
    const texts = files.map((file) => readFileSync(join(file.parentPath, file.name)).toString('latin1'))
    expect(texts.length).toBeGreaterThan(3)
    const raw = Buffer.from(TOKEN).toString('latin1')
    expect(texts.filter((text) => text.includes(raw) || text.includes('t0ken'))).toEqual([])
  })

  it('keeps earlier values when they are not given again, and forgets one given as null', async () => {
    await install({ names: ['a'], token: TOKEN, user: 'u', label: 'x' })
    await install({ names: ['b'] })
    await client.call('deploy', { setId: 'demo_set', force: false })
    const path = join(ground.home, 'startup/demo_set.ts')
    expect(readFileSync(path, 'utf8')).toContain("const names = ['b']")
    expect(readFileSync(path, 'utf8')).toContain("label: 'x'")
    expect(readFileSync(path, 'utf8')).toContain("DFF.SECRET('demo_set.token')")
    await install({ token: null, user: null })
    expect(await client.call('secret.list', {})).toEqual([])
  })

  it.each([
    [{}, 'the key names'],
    [{ names: [] }, 'a list of 1 or more'],
    [{ names: ['a'], user: 'u' }, 'the key token'],
    [{ names: ['a'], nmaes: 1 }, 'only the keys'],
  ] as [FormValues, string][])(
    'refuses the parameters %j and changes nothing',
    async (parameters, expected) => {
      await expect(install(parameters)).rejects.toMatchObject({
        code: 'BAD_PARAMETER',
        parts: { expected: expect.stringContaining(expected) as string },
      })
      expect(generations('demo_set')).toEqual([])
      expect((await client.call('market.list', {})).map((row) => row.installedVersion)).toEqual([null, null])
    },
  )

  it('shows no secret in the message that refuses it', async () => {
    const refused = install({ names: ['a'], token: 'short1' })
    await expect(refused).rejects.toMatchObject({ code: 'BAD_PARAMETER' })
    await expect(refused).rejects.not.toThrow(/short1/)
  })

  it('refuses parameters for a set that asks for none', async () => {
    await expect(install({ names: ['a'] }, 'demo_base')).rejects.toMatchObject({ code: 'BAD_PARAMETER' })
  })

  it('refuses a file that is not what the listing names, and keeps nothing of it', async () => {
    appendFileSync(join(ground.marketRoot, 'scripts/demo_set/main.ts'), '// changed\n')
    await expect(install({ names: ['a'] })).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      parts: { place: join(ground.marketRoot, 'scripts/demo_set/main.ts') },
    })
    expect(generations('demo_set')).toEqual([])
    expect((await client.call('market.list', {})).map((row) => row.installedVersion)).toEqual([null, null])
  })

  it('repairs a generation that was tampered with', async () => {
    await install({ names: ['a'] })
    const [digest = ''] = generations('demo_set')
    const path = join(homePaths(ground.home).sets, 'demo_set', digest, 'set.json')
    const before = readFileSync(path, 'utf8')
    chmodSync(path, 0o644)
    writeFileSync(path, '{}')
    await install({})
    expect(readFileSync(path, 'utf8')).toBe(before)
  })

  it('replaces an older generation', async () => {
    await install({ names: ['a'] })
    const before = generations('demo_set')
    writeMarket(ground.marketRoot, { version: '1.1.0' })
    const rows = await install({})
    expect(rows.at(-1)).toMatchObject({ version: '1.1.0', wasInstalled: true })
    expect(generations('demo_set')).toHaveLength(1)
    expect(generations('demo_set')).not.toEqual(before)
  })

  it('names a cycle among required sets', async () => {
    const path = join(ground.marketRoot, 'scripts/demo_base/set.json')
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    writeFileSync(path, JSON.stringify({ ...manifest, requires: ['demo_set'] }))
    writeListing(ground.marketRoot)
    await expect(install({ names: ['a'] })).rejects.toMatchObject({
      code: 'LISTING_INVALID',
      parts: { got: 'demo_set → demo_base → demo_set' },
    })
  })
})
