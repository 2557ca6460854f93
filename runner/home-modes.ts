/**
 * Who else on this machine may read or write what belongs to a home. What is the host's own is mended, with a word; what
 * is the user's own is only named.
 */
import { chmodSync, lstatSync, readdirSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { DffError } from '../core/error.ts'
import type { HomePaths } from './home.ts'

const PERMISSIONS = 0o777
/** Any right of the group or of others. */
const OTHERS = 0o077
const WRITABLE_BY_ALL = 0o002

export const PRIVATE_FOLDER = 0o700
export const PRIVATE_FILE = 0o600

/** Windows has no such modes; Node shows made-up ones there. */
const HAS_MODES = process.platform !== 'win32'

function lookAt(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}

function showMode({ mode }: Stats): string {
  return `0${(mode & PERMISSIONS).toString(8)}`
}

/** Takes the rights of others away; says what was found, or undefined when nothing was wrong. Throws HOME_UNUSABLE where that is impossible. */
export function makePrivate(path: string, mode: number): string | undefined {
  const stats = lookAt(path)
  // A link has no mode of its own; what it leads to is whoever's who made it.
  if (!HAS_MODES || stats === undefined || stats.isSymbolicLink() || (stats.mode & OTHERS) === 0)
    return undefined
  const found = showMode(stats)
  try {
    chmodSync(path, mode)
  } catch (cause) {
    throw new DffError(
      {
        code: 'HOME_UNUSABLE',
        place: path,
        expected: `rights for its owner alone (0${mode.toString(8)})`,
        got: `${found}, which cannot be changed: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`,
        remedy: 'Run the host as the owner of the home, or correct the mode by hand.',
      },
      { cause },
    )
  }
  return `${path} could be read by others (${found}); it is 0${mode.toString(8)} now.`
}

/** Every file of the host's own that others could read, mended; one sentence each. Throws HOME_UNUSABLE. */
export function mendModes(paths: HomePaths): string[] {
  const { database, databaseReplaced, key, nextKey, ownerInfo, ownerLock, socketToken, output } = paths
  const databases = [database, databaseReplaced, ownerLock].flatMap((path) =>
    ['', '-wal', '-shm'].map((end) => path + end),
  )
  const keyWord = makePrivate(key, PRIVATE_FILE)
  const words = [
    keyWord === undefined
      ? undefined
      : `${keyWord} If others use this machine, change the key: dff secret rotate-key`,
    ...[nextKey, ...databases, ownerInfo, socketToken].map((path) => makePrivate(path, PRIVATE_FILE)),
    makePrivate(output, PRIVATE_FOLDER),
  ]
  return words.filter((word) => word !== undefined)
}

function startupEntries({ startup }: HomePaths): readonly string[] {
  try {
    return [startup, ...readdirSync(startup).map((name) => join(startup, name))]
  } catch {
    // There is none yet.
    return []
  }
}

/** Startup scripts, and the folders they lie in, that anybody on this machine may write: their code runs with this host's rights. */
export function findWritable(paths: HomePaths): readonly string[] {
  if (!HAS_MODES) return []
  return [paths.root, ...startupEntries(paths)].filter((path) => {
    const stats = lookAt(path)
    return stats !== undefined && !stats.isSymbolicLink() && (stats.mode & WRITABLE_BY_ALL) !== 0
  })
}

/** The same as sentences with what to do. */
export function describeWritable(paths: HomePaths): string[] {
  return findWritable(paths).map(
    (path) =>
      `${path} can be written by anybody on this machine, and Startup scripts run with the rights of this host: chmod o-w ${path}`,
  )
}
