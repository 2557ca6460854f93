import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { DffError } from '../../core/error.ts'
import { makePrivate, PRIVATE_FILE } from '../home-modes.ts'
import type { HomePaths } from '../home.ts'

/** AES-256. */
export const KEY_BYTES = 32
const SUFFIX_BYTES = 6

function wrongKey(place: string, got: string, remedy: string): DffError {
  return new DffError({ code: 'KEY_MISMATCH', place, expected: `a key of ${KEY_BYTES} bytes`, got, remedy })
}

/** 64 hex digits or base64 of 32 bytes, with or without padding, in either alphabet. */
export function parseKey(text: string, place = 'DFF_SECRET_KEY'): Uint8Array {
  const trimmed = text.trim()
  const isHex = /^[0-9a-f]{64}$/i.test(trimmed)
  const isBase64 = /^[A-Za-z0-9+/_-]+={0,2}$/.test(trimmed)
  const key = isHex ? Buffer.from(trimmed, 'hex') : Buffer.from(isBase64 ? trimmed : '', 'base64')
  if (key.byteLength === KEY_BYTES) return key
  throw wrongKey(
    place,
    isBase64 || isHex ? `${key.byteLength} bytes` : 'text that is neither base64 nor hex',
    'Set it to the output of: openssl rand -base64 32',
  )
}

/** The key in a file; undefined when there is none. Rejects with KEY_MISMATCH or HOME_UNUSABLE. */
export async function readKeyFile(path: string): Promise<Uint8Array | undefined> {
  const key = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw unreadable(path, error)
  })
  if (key === undefined) return undefined
  if (key.byteLength !== KEY_BYTES) {
    const remedy = 'Restore the key file from a backup; without it, delete it and store the secrets again.'
    throw wrongKey(path, `a file of ${key.byteLength} bytes`, remedy)
  }
  // A copy or a restore may have left it readable to others; openHost has said so.
  makePrivate(path, PRIVATE_FILE)
  return key
}

function unreadable(path: string, error: NodeJS.ErrnoException): DffError {
  return new DffError(
    {
      code: 'HOME_UNUSABLE',
      place: path,
      expected: 'a key file that can be read and created',
      got: error.code ?? error.message,
      remedy: 'Give the user who runs the host access to the folder .dff of the home.',
    },
    { cause: error },
  )
}

/** Whole or not at all: written aside, then linked, which fails when another process was first. Then that key counts. */
async function createKeyFile(paths: HomePaths): Promise<void> {
  const aside = `${paths.key}.${randomBytes(SUFFIX_BYTES).toString('hex')}`
  await mkdir(paths.dff, { recursive: true, mode: 0o700 })
  try {
    const file = await open(aside, 'wx', PRIVATE_FILE)
    try {
      await file.write(randomBytes(KEY_BYTES))
      await file.sync()
    } finally {
      await file.close()
    }
    await link(aside, paths.key).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(aside, { force: true })
  }
}

/** The key of a home that has one; makes none. Rejects as loadKey does. */
export async function findKey(
  paths: HomePaths,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Uint8Array | undefined> {
  const given = env['DFF_SECRET_KEY'] ?? ''
  return given === '' ? readKeyFile(paths.key) : parseKey(given)
}

/**
 * The key that seals this home's secrets: `DFF_SECRET_KEY` when set, else `.dff/key`, made at the first use.
 * Rejects with KEY_MISMATCH for a key of a wrong size and HOME_UNUSABLE when the file cannot be read or made.
 */
export async function loadKey(
  paths: HomePaths,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Uint8Array> {
  const known = await findKey(paths, env)
  if (known !== undefined) return known
  await createKeyFile(paths).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(paths.key, error)
  })
  const created = await readKeyFile(paths.key)
  if (created === undefined)
    throw wrongKey(paths.key, 'nothing', 'Something removed the key file while it was made.')
  return created
}
