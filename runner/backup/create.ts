import { randomBytes } from 'node:crypto'
import { lstatSync, realpathSync } from 'node:fs'
import { readdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { DffError } from '../../core/error.ts'
import { homeUnusable } from '../home-folder.ts'
import type { HomePaths } from '../home.ts'
import type { HostParts } from '../host-parts.ts'
import { generationFolder, readGeneration } from '../market/folder.ts'
import { PACKAGE_VERSION } from '../package.ts'
import { Database } from '../store/sqlite/database.ts'
import type { Store } from '../store/store.ts'
import { syncPath } from '../synced-file.ts'
import { type ArchivedFile, backupRefused, describeArchive, isSafePath, writeArchive } from './archive.ts'
import type { BackupRow } from './backup-row.ts'

export interface BackupRequest {
  /** Absolute. */
  readonly file: string
  /** Replace a file that is there. */
  readonly force: boolean
}

/** Scripts are text that somebody wrote; what is larger lies in this folder by mistake. */
const MAX_STARTUP_BYTES = 64 * 1024 ** 2

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way === '' || (!way.startsWith(`..${sep}`) && way !== '..')
}

function checkTarget({ dff }: HomePaths, { file, force }: BackupRequest): void {
  let folder: string
  try {
    folder = realpathSync(dirname(file))
  } catch (error) {
    throw homeUnusable(dirname(file), error)
  }
  if (isInside(realpathSync(dff), join(folder, basename(file)))) {
    const remedy = 'Choose a folder outside .dff, best on another disk.'
    throw backupRefused(file, { expected: 'a file outside the home’s .dff', got: 'one inside', remedy })
  }
  const found = lstatSync(file, { throwIfNoEntry: false })
  if (found === undefined || (force && found.isFile())) return
  throw backupRefused(file, {
    expected: 'a file that is not there yet',
    got: found.isFile() ? 'one that is' : 'something that is no file',
    remedy: 'Choose another name, or replace a file with --force.',
  })
}

/** Nothing of what is not there; what cannot be read must not be missing from a backup that says it is whole. */
function noneIfGone(error: unknown): [] {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
  throw error
}

/** The user's scripts, without what is hidden (`.env`) or installed by others. */
async function readStartup(paths: HomePaths): Promise<ArchivedFile[]> {
  const entries = await readdir(paths.startup, { recursive: true, withFileTypes: true }).catch(noneIfGone)
  const files: ArchivedFile[] = []
  let bytes = 0
  for (const entry of entries) {
    const path = relative(paths.root, join(entry.parentPath, entry.name)).replaceAll(sep, '/')
    if (!entry.isFile() || path.includes('/node_modules/') || !isSafePath(path)) continue
    // One after another: the sum decides whether the next is read.
    const content = await readFile(join(paths.root, path))
    bytes += content.byteLength
    if (bytes > MAX_STARTUP_BYTES) throw tooMuch(paths.startup)
    files.push({ path, content })
  }
  return files
}

function tooMuch(folder: string): DffError {
  return backupRefused(folder, {
    expected: `Startup scripts of at most ${MAX_STARTUP_BYTES} bytes in all`,
    got: 'more',
    remedy: 'Move what is no script elsewhere.',
  })
}

/** The generations that the store's rows point at; one that is gone is left out, as a task would name it. */
async function readSets(paths: HomePaths, store: Store): Promise<ArchivedFile[]> {
  const sets = await store.sets.list()
  const all = await Promise.all(
    sets.map(async ({ setId, digest }) => {
      const files = await readGeneration(generationFolder(paths, setId, digest)).catch(noneIfGone)
      return files.map(({ path, content }) => ({ path: `sets/${setId}/${digest}/${path}`, content }))
    }),
  )
  return all.flat()
}

/** The content first, then the name under which it is found. */
async function publish(temporary: string, file: string): Promise<void> {
  await syncPath(temporary)
  await rename(temporary, file)
  await syncPath(dirname(file))
}

/**
 * Writes a backup of a home whose host may be at work: the whole store as of one moment, the Startup scripts and the
 * installed sets, never the key. Whole or not at all. Throws BACKUP_REFUSED, HOME_UNUSABLE or STORE_CORRUPT.
 */
export async function createBackup(
  { paths, store }: Pick<HostParts, 'paths' | 'store'>,
  request: BackupRequest,
): Promise<BackupRow> {
  checkTarget(paths, request)
  const temporary = `${request.file}.part-${randomBytes(4).toString('hex')}`
  try {
    const files = [...(await readStartup(paths)), ...(await readSets(paths, store))]
    await store.copy(temporary)
    const database = new Database(temporary, 0)
    let row: BackupRow
    try {
      writeArchive(database, { createdAtMs: Date.now(), home: paths.root, version: PACKAGE_VERSION }, files)
      row = describeArchive(database, request.file)
    } finally {
      database.close()
    }
    await publish(temporary, request.file)
    return row
  } catch (error) {
    await rm(temporary, { force: true })
    throw error instanceof DffError ? error : homeUnusable(request.file, error)
  }
}
