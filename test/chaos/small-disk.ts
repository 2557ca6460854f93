import { spawnSync } from 'node:child_process'
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { HostProcessOptions } from './host-process.ts'

/** A home of forty functions takes a third of it. */
const SIZE_MB = 32
const CHUNK_BYTES = 64 * 1024

/** A folder whose disk can be filled: a tmpfs of its own where this user may mount one, else one that only says so. */
export interface SmallDisk extends Disposable {
  readonly kind: 'tmpfs' | 'fault'
  readonly folder: string
  /** What a host on it needs to be started with. */
  readonly host: Pick<HostProcessOptions, 'nodeArgs' | 'env'>
  /** Leaves so many bytes, or fewer. */
  fill(leaveBytes: number): void
  free(): void
}

function mount(folder: string): boolean {
  const options = ['-t', 'tmpfs', '-o', `size=${SIZE_MB}m`, 'tmpfs', folder]
  return spawnSync('mount', options, { stdio: 'ignore' }).status === 0
}

function writeUntilFull(path: string, leaveBytes: number): void {
  const file = openSync(path, 'w')
  try {
    let bytes = 0
    const { bavail, bsize } = statfsSync(path)
    for (let left = bavail * bsize - leaveBytes; left > 0; left -= CHUNK_BYTES) {
      bytes += writeSync(file, Buffer.alloc(Math.min(left, CHUNK_BYTES)))
    }
    ftruncateSync(file, bytes)
  } catch (error) {
    // Somebody else writes meanwhile: then it is full even sooner.
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  } finally {
    closeSync(file)
  }
}

function mounted(folder: string): SmallDisk {
  const filler = join(folder, 'filler')
  return {
    kind: 'tmpfs',
    folder,
    host: {},
    fill: (leaveBytes) => writeUntilFull(filler, leaveBytes),
    free: () => rmSync(filler, { force: true }),
    [Symbol.dispose]: () => {
      spawnSync('umount', [folder], { stdio: 'ignore' })
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function pretended(folder: string): SmallDisk {
  const flag = join(folder, 'full')
  const preload = fileURLToPath(new URL('full-disk-fault.ts', import.meta.url))
  return {
    kind: 'fault',
    folder,
    host: { nodeArgs: ['--import', preload], env: { FULL_DISK_FLAG: flag } },
    fill: () => writeFileSync(flag, ''),
    free: () => rmSync(flag, { force: true }),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Makes one below the temporary folder; CHAOS_NO_MOUNT has it pretend where it could mount. */
export function makeSmallDisk(): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'small-disk-'))
  const mayMount = (process.env['CHAOS_NO_MOUNT'] ?? '') === ''
  return mayMount && mount(folder) ? mounted(folder) : pretended(folder)
}
