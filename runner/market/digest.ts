import { createHash } from 'node:crypto'

interface FileDigest {
  readonly path: string
  readonly sha256: string
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

/** Digest of a whole set: sha256 over one line `<path> <sha256>` per file, sorted by path. */
export function digestFiles(files: readonly FileDigest[]): string {
  const sorted = files.toSorted((left, right) => (left.path < right.path ? -1 : 1))
  return sha256(sorted.map((file) => `${file.path} ${file.sha256}\n`).join(''))
}
