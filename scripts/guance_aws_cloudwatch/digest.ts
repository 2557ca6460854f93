import type { EpochMs } from 'guance-aws-lambda/dff'
import { HOUR_MS, MINUTE_MS } from 'guance-aws-lambda/dff'

/** Digest of the published fields of a line, 24 bits: one change in 16 million goes unseen. */
export type LineDigest = number

/** Digest by minute. */
export type Digests = ReadonlyMap<EpochMs, LineDigest>

/** What was published is remembered for the audit's 30 hours and the hour it may take. */
export const DIGEST_HOURS = 31

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const CODES: ReadonlyMap<string, number> = new Map(Array.from(ALPHABET, (letter, code) => [letter, code]))
const DIGEST_LETTERS = 4
const ENTRY_LETTERS = 1 + DIGEST_LETTERS

const seeds = new Map<string, number>()

/** FNV-1a of the field's name; field names are few, so each is hashed once. */
function seedOf(field: string): number {
  const known = seeds.get(field)
  if (known !== undefined) return known
  let seed = 0x811c9dc5
  for (let index = 0; index < field.length; index += 1) {
    seed = Math.imul(seed ^ field.charCodeAt(index), 0x01000193)
  }
  seeds.set(field, seed)
  return seed
}

/** Finalizer of MurmurHash3: every bit of the input moves every bit of the result. */
function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

const float = new Float64Array(1)
const words = new Uint32Array(float.buffer)

/** Digest of one field; that of a line is the exclusive or of its fields', so that one can be added later. */
function fieldDigest(field: string, value: number): LineDigest {
  // -0 and 0 are one value on the wire.
  float[0] = value === 0 ? 0 : value
  return mix(mix(seedOf(field) ^ (words[0] ?? 0)) ^ (words[1] ?? 0)) & 0xffffff
}

/** Digest of a line, whatever the order of its fields. */
export function digestOf(fields: Readonly<Record<string, number>>): LineDigest {
  let digest = 0
  for (const field of Object.keys(fields)) digest ^= fieldDigest(field, fields[field] ?? 0)
  return digest
}

/** Hour of a minute, counted from 1970: the key of a digest value. */
export function hourOf(timeMs: EpochMs): number {
  return Math.floor(timeMs / HOUR_MS)
}

/** Begins a text in which a bit for each minute says which of them have a digest: shorter than a letter each from 12 minutes on. */
const BITS = '~'
const BITS_LETTERS = 10
const MIN_FOR_BITS = 12

function encodeDigest(digest: LineDigest): string {
  let text = ''
  for (let shift = 18; shift >= 0; shift -= 6) text += ALPHABET[(digest >>> shift) & 63] ?? ''
  return text
}

function encodeBits(minutes: readonly number[]): string {
  const letters = Array.from({ length: BITS_LETTERS }, () => 0)
  for (const minute of minutes) {
    const at = Math.floor(minute / 6)
    letters[at] = (letters[at] ?? 0) | (1 << (minute % 6))
  }
  return letters.map((letter) => ALPHABET[letter] ?? '').join('')
}

function decodeBits(text: string): readonly number[] {
  return Array.from({ length: 60 }, (_, minute) => minute).filter(
    (minute) => ((CODES.get(text.charAt(Math.floor(minute / 6))) ?? 0) >> (minute % 6)) & 1,
  )
}

/** The digests of one hour as text: four letters each, and which minutes they are of. */
export function encodeHour(hour: number, digests: Digests): string {
  const own = [...digests]
    .filter(([timeMs]) => hourOf(timeMs) === hour)
    .map(([timeMs, digest]) => [(timeMs - hour * HOUR_MS) / MINUTE_MS, digest] as const)
    .toSorted(([left], [right]) => left - right)
  if (own.length < MIN_FOR_BITS) {
    return own.map(([minute, digest]) => `${ALPHABET[minute] ?? ''}${encodeDigest(digest)}`).join('')
  }
  const minutes = encodeBits(own.map(([minute]) => minute))
  return `${BITS}${minutes}${own.map(([, digest]) => encodeDigest(digest)).join('')}`
}

function decodeDigest(text: string, at: number): LineDigest {
  let digest = 0
  for (let letter = 0; letter < DIGEST_LETTERS; letter += 1) {
    digest = digest * 64 + (CODES.get(text.charAt(at + letter)) ?? 0)
  }
  return digest
}

/** Reads what encodeHour wrote. */
export function decodeHour(hour: number, text: string, into: Map<EpochMs, LineDigest>): void {
  const add = (minute: number, at: number): void => {
    into.set(hour * HOUR_MS + minute * MINUTE_MS, decodeDigest(text, at))
  }
  if (text.startsWith(BITS)) {
    const from = 1 + BITS_LETTERS
    for (const [index, minute] of decodeBits(text.slice(1, from)).entries())
      add(minute, from + index * DIGEST_LETTERS)
    return
  }
  for (let at = 0; at < text.length; at += ENTRY_LETTERS) add(CODES.get(text.charAt(at)) ?? 0, at + 1)
}
