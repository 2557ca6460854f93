/**
 * A secret inside a longer text that is base64 (a Basic header, a dumped body) looks different at each of three places,
 * because three bytes become four characters. What is the same whatever stands around it can be searched for.
 */

const BITS_OF_BYTE = 8
const BITS_OF_CHAR = 6
const OFFSETS = [0, 1, 2] as const

/** Shorter insides occur by chance. */
const MIN_INSIDE_LENGTH = 6

const BASE64_CHAR = /^[A-Za-z0-9+/_-]$/

export function isBase64Char(character: string): boolean {
  return BASE64_CHAR.test(character)
}

/** The characters that come from the secret alone when `offset` bytes of a group stand before it. */
function insideAt(secret: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), secret]).toString('base64')
  const start = Math.ceil((offset * BITS_OF_BYTE) / BITS_OF_CHAR)
  const end = Math.floor(((offset + secret.byteLength) * BITS_OF_BYTE) / BITS_OF_CHAR)
  return encoded.slice(start, end)
}

/** The insides of a secret's base64 in both alphabets, also as JSON and a URL write them. */
export function encodedInside(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  return OFFSETS.map((offset) => insideAt(bytes, offset))
    .filter((inside) => inside.length >= MIN_INSIDE_LENGTH)
    .flatMap((inside) => [
      inside,
      inside.replaceAll('+', '-').replaceAll('/', '_'),
      inside.replaceAll('/', String.raw`\/`),
      encodeURIComponent(inside),
      encodeURIComponent(inside).replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    ])
}
