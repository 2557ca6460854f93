import { randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type HomePaths, homePaths } from '../../../runner/home.ts'
import { openKey, rotateKey } from '../../../runner/secret/rotate.ts'
import { seal } from '../../../runner/secret/seal.ts'
import { createVault, type Vault } from '../../../runner/secret/vault.ts'
import { openSqliteStore } from '../../../runner/store/sqlite/open.ts'
import type { Store } from '../../../runner/store/store.ts'

const NO_ENV = {}

let home = ''
let paths: HomePaths
let store: Store
let vault: Vault

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'dff-rotate-'))
  paths = homePaths(home)
  mkdirSync(paths.dff)
  store = await openSqliteStore(paths.database)
  vault = createVault(store.secrets, await openKey(paths, store.secrets))
  await vault.set('set.ak_secret', 'first value', 'startup__set')
  await vault.set('connector.default.token', 'second value', null)
})

afterEach(async () => {
  await store.close()
  rmSync(home, { recursive: true, force: true })
})

/** What a host that starts now reads. */
async function reopen(): Promise<readonly string[]> {
  const next = createVault(store.secrets, await openKey(paths, store.secrets))
  return next.values()
}

const VALUES = ['second value', 'first value']

describe('a new key', () => {
  it('opens everything, in this process and in the next; the old one opens nothing', async () => {
    const before = readFileSync(paths.key)
    const sealed = (await store.secrets.list()).map((secret) => Buffer.from(secret.sealed))
    expect(await rotateKey({ paths, vault, env: NO_ENV }, null)).toEqual({ resealed: 2, place: paths.key })
    expect(await vault.readFor('startup__set', 'set.ak_secret')).toBe('first value')
    expect(await reopen()).toEqual(VALUES)
    expect(readFileSync(paths.key).equals(before)).toBe(false)
    expect(statSync(paths.key).mode & 0o777).toBe(0o600)
    expect(readdirSync(paths.dff).filter((name) => name.startsWith('key'))).toEqual(['key'])
    const old = createVault(store.secrets, before)
    await expect(old.read('set.ak_secret')).rejects.toMatchObject({ code: 'KEY_MISMATCH' })
    await expect(old.values()).resolves.toEqual([])
    // Nor does a copy of the files hold what the old one could open.
    for (const name of readdirSync(paths.dff)) {
      const bytes = readFileSync(join(paths.dff, name))
      expect(sealed.map((value) => bytes.includes(value))).toEqual([false, false])
    }
  })

  it('changes nothing when one value cannot be opened, and names it', async () => {
    const before = readFileSync(paths.key)
    await store.secrets.put('stranger', seal(randomBytes(32), 'stranger', 'x'), 1)
    await expect(rotateKey({ paths, vault, env: NO_ENV }, null)).rejects.toMatchObject({
      code: 'KEY_MISMATCH',
      parts: { place: 'secret stranger' },
    })
    expect(readFileSync(paths.key).equals(before)).toBe(true)
    expect(existsSync(paths.nextKey)).toBe(false)
    expect(await vault.read('set.ak_secret')).toBe('first value')
    expect(await reopen()).toEqual(VALUES)
  })

  it('is not there yet when a kill came before the values were sealed', async () => {
    const before = readFileSync(paths.key)
    writeFileSync(paths.nextKey, randomBytes(32), { mode: 0o600 })
    expect(await reopen()).toEqual(VALUES)
    expect(existsSync(paths.nextKey)).toBe(false)
    expect(readFileSync(paths.key).equals(before)).toBe(true)
  })

  it('counts when a kill came after the values were sealed and before its file was named', async () => {
    const next = randomBytes(32)
    writeFileSync(paths.nextKey, next, { mode: 0o600 })
    await vault.rekey(next)
    expect(await reopen()).toEqual(VALUES)
    expect(readFileSync(paths.key).equals(next)).toBe(true)
    expect(existsSync(paths.nextKey)).toBe(false)
  })

  it('comes from the user where DFF_SECRET_KEY holds the present one', async () => {
    const [present, next] = [randomBytes(32), randomBytes(32)]
    await vault.rekey(present)
    const env = { DFF_SECRET_KEY: present.toString('hex') }
    await expect(rotateKey({ paths, vault, env }, null)).rejects.toMatchObject({ code: 'BAD_USAGE' })
    await expect(rotateKey({ paths, vault, env }, 'short')).rejects.toMatchObject({
      code: 'KEY_MISMATCH',
      parts: { place: '--to' },
    })
    const rotation = await rotateKey({ paths, vault, env }, next.toString('base64'))
    expect(rotation).toEqual({ resealed: 2, place: 'DFF_SECRET_KEY' })
    expect(await createVault(store.secrets, next).values()).toEqual(VALUES)
  })

  it('is not taken from the user where the key is a file', async () => {
    await expect(
      rotateKey({ paths, vault, env: NO_ENV }, randomBytes(32).toString('hex')),
    ).rejects.toMatchObject({
      code: 'BAD_USAGE',
      parts: { place: '--to' },
    })
  })
})
