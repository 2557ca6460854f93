import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'

/** 256 bits: not guessable by whoever can reach the socket without being able to read the file. */
const TOKEN_BYTES = 32

/** Makes this owner's token and puts it in place, readable by the user alone. */
export function writeToken(path: string): string {
  const token = randomBytes(TOKEN_BYTES).toString('hex')
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, token, { mode: 0o600 })
  renameSync(temporary, path)
  return token
}

/** The current owner's token, or undefined while there is none. */
export function readToken(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** Compares in constant time, whatever the lengths. */
export function isToken(given: string, token: string): boolean {
  return timingSafeEqual(digest(given), digest(token))
}
