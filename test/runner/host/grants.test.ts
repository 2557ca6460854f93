import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openClient } from '../../../runner/client.ts'
import type { FormValues, HostClient } from '../../../runner/host-api.ts'
import type { InstalledRow } from '../../../runner/host-report.ts'
import { type Ground, makeGround, writeMarket } from './fixture.ts'

let ground: Ground
let client: HostClient

function install(parameters: FormValues, grant?: true): Promise<readonly InstalledRow[]> {
  const input = { setId: 'demo_set', parameters, force: false }
  return client.call('install', grant === undefined ? input : { ...input, grant })
}

async function versionOf(setId: string): Promise<string | null> {
  return (await client.call('market.show', { setId })).installedVersion
}

beforeEach(async () => {
  ground = makeGround()
  client = await openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
  await install({ names: ['a'], token: 'a token of this set' })
})

afterEach(async () => {
  await client.close()
  ground.remove()
})

const PIN = { pin: { type: 'string', minLength: 1, writeOnly: true } }

describe('an upgrade', () => {
  it('that wants no more is installed without a word', async () => {
    writeMarket(ground.marketRoot, { version: '1.1.0', properties: { color: { type: 'string' } } })
    await install({})
    expect(await versionOf('demo_set')).toBe('1.1.0')
  })

  it('that wants the credentials of the host is refused, changes nothing, and says what to type', async () => {
    writeMarket(ground.marketRoot, { version: '2.0.0', uses: { demo_set: ['aws'] } })
    const upgrading = install({})
    await expect(upgrading).rejects.toMatchObject({
      code: 'NOT_GRANTED',
      message:
        "set demo_set 2.0.0: expected no more than version 1.0.0 was granted, got a wish for AWS credentials of the host's own environment. Read its CHANGELOG first. To grant it, type dff install demo_set --grant. Nothing was changed.",
    })
    expect(await versionOf('demo_set')).toBe('1.0.0')
    await install({}, true)
    expect(await versionOf('demo_set')).toBe('2.0.0')
    // What was granted once is not asked for again.
    await install({})
  })

  it('cannot take a secret that is there under a name of its own', async () => {
    await client.call('secret.set', { name: 'demo_set.pin', value: 'for the host alone', grantTo: null })
    writeMarket(ground.marketRoot, { version: '2.0.0', properties: PIN })
    await expect(install({})).rejects.toThrow(/a wish for the secret demo_set\.pin/)
    const pin = (await client.call('secret.list', {})).find(({ name }) => name === 'demo_set.pin')
    expect(pin?.grantedTo).toEqual([])
  })

  it('of what is required counts as well: it may be deployed by itself', async () => {
    writeMarket(ground.marketRoot, { uses: { demo_base: ['aws'] } })
    await expect(install({})).rejects.toThrow(/^set demo_base 1\.0\.0: .*dff install demo_base --grant/)
  })

  it('cannot hide what it wants in a listing that says something else than the set', async () => {
    writeMarket(ground.marketRoot, { version: '2.0.0', uses: { demo_set: ['aws'] } })
    const path = join(ground.marketRoot, 'marketplace.json')
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(/"uses": \[\s*"aws"\s*\]/g, '"uses": []'))
    await expect(install({})).rejects.toMatchObject({
      code: 'LISTING_INVALID',
      parts: { expected: 'the manifest that set.json of the set holds' },
    })
    expect(await versionOf('demo_set')).toBe('1.0.0')
  })
})

describe('a first install', () => {
  it('is the consent to what the listing shows', async () => {
    const other = makeGround()
    writeMarket(other.marketRoot, { uses: { demo_set: ['aws'] }, properties: PIN })
    const fresh = await openClient(other.home, { command: 'test', marketRoot: other.marketRoot })
    try {
      const rows = await fresh.call('install', {
        setId: 'demo_set',
        parameters: { names: ['a'], pin: '1234' },
        force: false,
      })
      expect(rows.at(-1)).toMatchObject({ setId: 'demo_set', wasInstalled: true })
    } finally {
      await fresh.close()
      other.remove()
    }
  })
})
