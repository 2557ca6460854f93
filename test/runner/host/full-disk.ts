/** Disks that a test can fill and free again, each by the kernel's own means. */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Disk {
  /** A folder on it. */
  readonly root: string
  /** Nothing more can be written by this process to it. */
  fill(pid: number): void
  free(pid: number): void
  remove(): void
}

/** Small enough to fill in no time, large enough for the store to hold its reserve. */
const TMPFS_MB = 96
/** The first page of a file: everything the host writes lies beyond it. */
const LIMIT_BYTES = 4096

function fillFile(path: string): void {
  const file = openSync(path, 'w')
  const chunk = Buffer.alloc(65_536, 1)
  try {
    // Ends with ENOSPC; a smaller write then fills the last page.
    for (;;) writeSync(file, chunk)
  } catch {
    closeSync(file)
  }
}

/** A small file system of its own, as root may mount one. */
function makeTmpfs(): Disk {
  const root = mkdtempSync(join(tmpdir(), 'dff-full-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${TMPFS_MB}m`, 'tmpfs', root])
  const ballast = join(root, 'ballast')
  return {
    root,
    fill: () => fillFile(ballast),
    free: () => rmSync(ballast),
    remove: () => {
      execFileSync('umount', ['-l', root])
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/** A limit on file sizes for one process, which its own user may set: what a quota or a cheap container does. */
function makeLimited(): Disk {
  const root = mkdtempSync(join(tmpdir(), 'dff-full-'))
  const limit = (pid: number, value: string): void => {
    execFileSync('prlimit', ['--pid', String(pid), `--fsize=${value}:`])
  }
  return {
    root,
    fill: (pid) => limit(pid, String(LIMIT_BYTES)),
    free: (pid) => limit(pid, 'unlimited'),
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}

/** Root alone may mount. */
export const FILE_SYSTEMS: readonly (readonly [title: string, make: () => Disk])[] =
  process.getuid?.() === 0 ? [['a full file system', makeTmpfs]] : []

/** What this machine lets its user do; the second works everywhere on Linux. */
export const DISKS: readonly (readonly [title: string, make: () => Disk])[] = [
  ...FILE_SYSTEMS,
  ['a limit on file sizes', makeLimited],
]
