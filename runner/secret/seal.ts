import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { DffError } from '../../core/error.ts'

/** Layout: version (1) · key id (8) · nonce (12) · tag (16) · ciphertext. The first two are authenticated with the name. */
const VERSION = 1
const KEY_ID_BYTES = 8
const HEADER_BYTES = 1 + KEY_ID_BYTES
/** Sizes that GCM is defined for (NIST SP 800-38D). */
const NONCE_BYTES = 12
const TAG_BYTES = 16
const MIN_SEALED_BYTES = HEADER_BYTES + NONCE_BYTES + TAG_BYTES

/** Tells keys apart without telling anything about them: the start of a hash of 256 random bits. */
function makeHeader(key: Uint8Array): Buffer {
  const keyId = createHash('sha256').update('dff key id').update(key).digest().subarray(0, KEY_ID_BYTES)
  return Buffer.concat([Buffer.of(VERSION), keyId])
}

/** Whether this key sealed the value; says nothing of whether it is intact. */
export function isSealedBy(key: Uint8Array, sealed: Uint8Array): boolean {
  return makeHeader(key).equals(Buffer.from(sealed).subarray(0, HEADER_BYTES))
}

/** Encrypts with AES-256-GCM. The name is bound to the value, so that a row copied under another name does not open. */
export function seal(key: Uint8Array, name: string, value: string): Uint8Array {
  const header = makeHeader(key)
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.concat([header, Buffer.from(name)]))
  const sealed = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()])
  return Buffer.concat([header, nonce, cipher.getAuthTag(), sealed])
}

function damaged(name: string, cause?: unknown): DffError {
  return new DffError(
    {
      code: 'STORE_CORRUPT',
      place: `secret ${name}`,
      expected: 'a sealed value as it was stored',
      got: 'one that was changed or moved from another name',
      remedy: `Store it again with: dff secret set ${name}`,
    },
    { cause },
  )
}

/** Opens what `seal` made; throws KEY_MISMATCH for another key and STORE_CORRUPT for a value that was tampered with. */
export function unseal(key: Uint8Array, name: string, sealed: Uint8Array): string {
  const bytes = Buffer.from(sealed)
  if (bytes.byteLength < MIN_SEALED_BYTES || bytes[0] !== VERSION) throw damaged(name)
  const header = bytes.subarray(0, HEADER_BYTES)
  if (!header.equals(makeHeader(key))) {
    throw new DffError({
      code: 'KEY_MISMATCH',
      place: `secret ${name}`,
      expected: 'the key that sealed it',
      got: 'another key',
      remedy: 'Put the former .dff/key or DFF_SECRET_KEY back, or store the secret again.',
    })
  }
  const nonceEnd = HEADER_BYTES + NONCE_BYTES
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(HEADER_BYTES, nonceEnd), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(Buffer.concat([header, Buffer.from(name)]))
  decipher.setAuthTag(bytes.subarray(nonceEnd, nonceEnd + TAG_BYTES))
  try {
    const plain = Buffer.concat([decipher.update(bytes.subarray(nonceEnd + TAG_BYTES)), decipher.final()])
    return plain.toString('utf8')
  } catch (error) {
    throw damaged(name, error)
  }
}
