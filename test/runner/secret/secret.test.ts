import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { homePaths } from '../../../runner/home.ts'
import { loadKey } from '../../../runner/secret/key.ts'
import { seal, unseal } from '../../../runner/secret/seal.ts'
import { createVault } from '../../../runner/secret/vault.ts'
import { openSqliteStore } from '../../../runner/store/sqlite/open.ts'

const KEY = randomBytes(32)
const NO_ENV = {}

let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'dff-secret-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

describe('sealing', () => {
  it('opens to what was sealed, and never twice to the same bytes', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: 'grapheme' }), (name, value) => {
        expect(unseal(KEY, name, seal(KEY, name, value))).toBe(value)
      }),
    )
    expect(seal(KEY, 'a', 'x')).not.toEqual(seal(KEY, 'a', 'x'))
  })

  it('tells a wrong key from a damaged value', () => {
    const sealed = seal(KEY, 'ak', 'AKIA-secret')
    expect(() => unseal(randomBytes(32), 'ak', sealed)).toThrow(
      expect.objectContaining({ code: 'KEY_MISMATCH' }),
    )
    for (let index = 0; index < sealed.byteLength; index += 1) {
      const changed = Uint8Array.from(sealed, (byte, at) => (at === index ? byte ^ 1 : byte))
      expect(() => unseal(KEY, 'ak', changed)).toThrow(/^secret ak: expected/)
      expect(() => unseal(KEY, 'ak', changed)).not.toThrow(/AKIA/)
    }
  })

  it('refuses a value moved to another name or cut short', () => {
    const sealed = seal(KEY, 'ak', 'x')
    expect(() => unseal(KEY, 'other', sealed)).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }))
    expect(() => unseal(KEY, 'ak', sealed.subarray(0, 20))).toThrow(
      expect.objectContaining({ code: 'STORE_CORRUPT' }),
    )
  })
})

describe('the key', () => {
  it('is made once, of 32 random bytes, for its owner alone, whoever comes at the same time', async () => {
    const paths = homePaths(home)
    const keys = await Promise.all([1, 2, 3, 4].map(() => loadKey(paths, NO_ENV)))
    expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1)
    expect(keys[0]).toHaveLength(32)
    expect(readFileSync(paths.key)).toEqual(Buffer.from(keys[0] ?? []))
    expect(statSync(paths.key).mode & 0o777).toBe(0o600)
    expect(readdirSync(paths.dff)).toEqual(['key'])
  })

  it('comes from DFF_SECRET_KEY in hex or base64, and then no file is made', async () => {
    const hex = KEY.toString('hex')
    for (const text of [hex, hex.toUpperCase(), KEY.toString('base64'), ` ${KEY.toString('base64url')}\n`]) {
      expect(await loadKey(homePaths(home), { DFF_SECRET_KEY: text })).toEqual(KEY)
    }
    expect(readdirSync(home)).toEqual([])
  })

  it.each(['short', 'not base64 !', KEY.toString('hex').slice(2)])('is not %s', async (text) => {
    const loading = loadKey(homePaths(home), { DFF_SECRET_KEY: text })
    await expect(loading).rejects.toMatchObject({ code: 'KEY_MISMATCH', parts: { place: 'DFF_SECRET_KEY' } })
    await expect(loading).rejects.not.toThrow(text)
  })

  it('is refused when its file has a wrong size, and made private when it was not', async () => {
    const paths = homePaths(home)
    await loadKey(paths, NO_ENV)
    writeFileSync(paths.key, KEY, { mode: 0o644 })
    expect(Buffer.from(await loadKey(paths, NO_ENV))).toEqual(KEY)
    expect(statSync(paths.key).mode & 0o777).toBe(0o600)
    writeFileSync(paths.key, 'short')
    await expect(loadKey(paths, NO_ENV)).rejects.toMatchObject({
      code: 'KEY_MISMATCH',
      parts: { place: paths.key, got: 'a file of 5 bytes' },
    })
  })

  it('names the folder that cannot be used', async () => {
    writeFileSync(join(home, '.dff'), '')
    await expect(loadKey(homePaths(home), NO_ENV)).rejects.toMatchObject({ code: 'HOME_UNUSABLE' })
  })
})

describe('the vault', () => {
  it('gives a value to the host and to the scripts that were granted it', async () => {
    const store = await openSqliteStore(join(home, 'host.db'))
    const vault = createVault(store.secrets, KEY, () => 42)
    expect(await vault.set('set.ak_secret', 'sécret "1"', 'startup__a')).toMatchObject({
      updatedAtMs: 42,
      grantedTo: ['startup__a'],
    })
    await vault.set('connector.default.token', 'tkn_1', null)
    expect(await vault.read('connector.default.token')).toBe('tkn_1')
    expect(await vault.readFor('startup__a', 'set.ak_secret')).toBe('sécret "1"')
    await expect(vault.readFor('startup__b', 'set.ak_secret')).rejects.toMatchObject({
      code: 'NOT_GRANTED',
      parts: { remedy: expect.stringContaining('dff secret set set.ak_secret --grant b') as string },
    })
    await expect(vault.readFor('startup__a', 'nothing')).rejects.toMatchObject({
      code: 'NO_SECRET',
      parts: { remedy: 'Store it with: dff secret set nothing --grant a' },
    })
    await expect(vault.read('nothing')).rejects.toMatchObject({
      parts: { remedy: 'Store it with: dff secret set nothing' },
    })
    expect(await vault.values()).toEqual(['tkn_1', 'sécret "1"'])
    await store.close()
    for (const file of readdirSync(home)) {
      expect(readFileSync(join(home, file)).includes('tkn_1')).toBe(false)
    }
  })

  it('refuses an empty value and a name that a shell would break, without repeating either', async () => {
    const store = await openSqliteStore(join(home, 'host.db'))
    const vault = createVault(store.secrets, KEY)
    await expect(vault.set('a', '', null)).rejects.toMatchObject({ code: 'BAD_PARAMETER' })
    await expect(vault.set('AKIA is my key', 'x', null)).rejects.not.toThrow(/AKIA/)
    expect(await store.secrets.list()).toEqual([])
    await store.close()
  })

  it('goes on masking with what it can open when the key changed', async () => {
    const store = await openSqliteStore(join(home, 'host.db'))
    await createVault(store.secrets, randomBytes(32)).set('old', 'x', null)
    const vault = createVault(store.secrets, KEY)
    await vault.set('new', 'y', null)
    expect(await vault.values()).toEqual(['y'])
    await expect(vault.read('old')).rejects.toMatchObject({ code: 'KEY_MISMATCH' })
    await store.close()
  })
})
