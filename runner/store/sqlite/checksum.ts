import { crc32 } from 'node:zlib'
import { DffError } from '../../../core/error.ts'

/**
 * What stands beside stored content, over all its parts. SQLite's pages carry no checksum: a byte that flips inside a
 * cursor would otherwise be another cursor, and inside a batch another request.
 */
export function checksumOf(...parts: readonly (string | Uint8Array)[]): number {
  return parts.reduce<number>((crc, part) => crc32(part, crc), 0)
}

export interface Summed {
  /** Null for what was stored before there were checksums. */
  readonly crc: number | null
}

/** The error of content that is not what was stored. */
export function damagedContent(path: string, what: string, remedy: string): DffError {
  return new DffError({
    code: 'STORE_CORRUPT',
    place: path,
    expected: `${what} as it was stored`,
    got: 'other bytes: the file was damaged',
    remedy,
  })
}

export function isIntact({ crc }: Summed, ...parts: readonly (string | Uint8Array)[]): boolean {
  return crc === null || crc === checksumOf(...parts)
}
