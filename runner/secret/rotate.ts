/**
 * A new key for a home, whatever happens meanwhile. The new key is on the disk beside the old one before anything is
 * sealed with it; the values change over in one transaction; then the file is renamed. Whoever opens the home after a
 * crash sees by the values which of the two files counts.
 */
import { randomBytes } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DffError } from '../../core/error.ts'
import { PRIVATE_FILE } from '../home-modes.ts'
import type { HomePaths } from '../home.ts'
import type { KeyRotation } from '../host-report.ts'
import type { SecretStore } from '../store/store.ts'
import { syncPath, writeSynced } from '../synced-file.ts'
import { KEY_BYTES, loadKey, parseKey, readKeyFile } from './key.ts'
import { isSealedBy } from './seal.ts'
import type { Vault } from './vault.ts'

interface RotateParts {
  readonly paths: HomePaths
  readonly vault: Vault
  readonly env?: Readonly<Record<string, string | undefined>>
}

async function promote(paths: HomePaths): Promise<void> {
  await rename(paths.nextKey, paths.key)
  await syncPath(dirname(paths.key))
}

/** The key of a home, after a rotation that was cut off has been brought to its end or taken back. Rejects like loadKey. */
export async function openKey(paths: HomePaths, secrets: SecretStore): Promise<Uint8Array> {
  const next = await readKeyFile(paths.nextKey)
  const sealed = next === undefined ? [] : (await secrets.list()).map((secret) => secret.sealed)
  if (next !== undefined && sealed.length > 0 && sealed.every((value) => isSealedBy(next, value))) {
    await promote(paths)
  } else {
    await rm(paths.nextKey, { force: true })
  }
  return loadKey(paths)
}

function refuse(place: string, expected: string, got: string, remedy: string): DffError {
  return new DffError({ code: 'BAD_USAGE', place, expected, got, remedy })
}

/** Seals everything with a key that the user keeps: it is for the user to set it before the next start. */
async function rotateGiven(vault: Vault, given: string | null): Promise<KeyRotation> {
  if (given === null) {
    throw refuse(
      'secret rotate-key',
      '--to with the new key, because DFF_SECRET_KEY holds the present one',
      'nothing',
      'Make one with openssl rand -base64 32, keep it where DFF_SECRET_KEY comes from, and give it with --to env:NAME.',
    )
  }
  return { resealed: await vault.rekey(parseKey(given, '--to')), place: 'DFF_SECRET_KEY' }
}

async function rotateFile({ paths, vault }: RotateParts): Promise<KeyRotation> {
  const next = randomBytes(KEY_BYTES)
  await rm(paths.nextKey, { force: true })
  await writeSynced(paths.nextKey, next, PRIVATE_FILE)
  let resealed = 0
  try {
    await syncPath(dirname(paths.nextKey))
    resealed = await vault.rekey(next)
  } catch (error) {
    await rm(paths.nextKey, { force: true })
    throw error
  }
  // Not taken back when it fails: the values are sealed with the new key, and the next start finds its file.
  await promote(paths)
  return { resealed, place: paths.key }
}

/**
 * Seals every secret with a new key and forgets the old one. Throws KEY_MISMATCH or STORE_CORRUPT naming a secret that
 * cannot be opened, BAD_USAGE where the key comes from, HOME_UNUSABLE; then everything is as it was.
 */
export async function rotateKey(parts: RotateParts, given: string | null): Promise<KeyRotation> {
  const isFromEnv = ((parts.env ?? process.env)['DFF_SECRET_KEY'] ?? '') !== ''
  if (isFromEnv) return rotateGiven(parts.vault, given)
  if (given === null) return rotateFile(parts)
  throw refuse(
    '--to',
    'nothing: the key of this home is a file, and a new one is made',
    'a key',
    'Leave --to out, or start the host with DFF_SECRET_KEY.',
  )
}
