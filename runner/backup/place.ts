import { chmodSync, copyFileSync, existsSync, linkSync, renameSync, rmSync, statSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DffError } from '../../core/error.ts'
import { homeUnusable } from '../home-folder.ts'
import type { HomePaths } from '../home.ts'
import { restoreGeneration } from '../market/folder.ts'
import { Database } from '../store/sqlite/database.ts'
import { syncPath, writeSynced } from '../synced-file.ts'
import type { ArchivedFile } from './archive.ts'
import type { StagedBackup } from './stage.ts'

/** Only the user; scripts may be edited. */
const STARTUP_MODE = 0o600

/** Folds the log of the store that is there into its file, so that the file alone is the whole; a damaged one stays as it is. */
function foldLog(path: string): void {
  try {
    const database = new Database(path, 5_000)
    try {
      database.script('PRAGMA wal_checkpoint(TRUNCATE)')
    } finally {
      database.close()
    }
  } catch (error) {
    if (!(error instanceof DffError) || error.code !== 'STORE_CORRUPT') throw error
  }
}

function isUsed(log: string): boolean {
  return (statSync(log, { throwIfNoEntry: false })?.size ?? 0) > 0
}

/** A second name for the store that is there, so that at no moment there is none. */
function keepPresent({ database, databaseReplaced }: HomePaths): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(databaseReplaced + suffix, { force: true })
  try {
    linkSync(database, databaseReplaced)
  } catch {
    // A file system without links: a copy, whole before the other takes its place.
    copyFileSync(database, databaseReplaced)
  }
}

/**
 * Puts the staged store in the place of the home's own, which is kept beside it; a kill leaves one or the other. Only
 * for the owner of the home, with no store open. Resolves with where the former one is.
 */
export async function placeStore(paths: HomePaths, staged: StagedBackup): Promise<string | null> {
  const { database, databaseReplaced } = paths
  const isThere = existsSync(database)
  try {
    if (isThere) {
      foldLog(database)
      keepPresent(paths)
      // Only a damaged store keeps its log: it belongs to that file, and would be taken for the new one's.
      if (isUsed(`${database}-wal`)) renameSync(`${database}-wal`, `${databaseReplaced}-wal`)
    }
    for (const suffix of ['-wal', '-shm']) rmSync(database + suffix, { force: true })
    chmodSync(staged.path, 0o600)
    await syncPath(staged.path)
    renameSync(staged.path, database)
    await syncPath(dirname(database))
  } catch (error) {
    throw error instanceof DffError ? error : homeUnusable(database, error)
  }
  return isThere ? databaseReplaced : null
}

export interface PlacedFiles {
  readonly restoredFiles: readonly string[]
  readonly keptFiles: readonly string[]
}

/** Writes a Startup script that is missing; one that is there is its user's. */
async function placeStartup(
  paths: HomePaths,
  { path, content }: ArchivedFile,
): Promise<'new' | 'same' | 'other'> {
  const target = join(paths.root, path)
  if (existsSync(target)) return Buffer.from(content).equals(await readFile(target)) ? 'same' : 'other'
  await mkdir(dirname(target), { recursive: true })
  await writeSynced(target, content, STARTUP_MODE)
  return 'new'
}

/** Brings back what the store's rows stand for and the home no longer has; nothing that is there is changed. */
export async function placeFiles(paths: HomePaths, files: readonly ArchivedFile[]): Promise<PlacedFiles> {
  const restoredFiles: string[] = []
  const keptFiles: string[] = []
  const generations = Map.groupBy(
    files.filter(({ path }) => path.startsWith('sets/')),
    ({ path }) => path.split('/').slice(0, 3).join('/'),
  )
  for (const [folder, members] of generations) {
    const digest = folder.split('/').at(-1) ?? ''
    const inside = members.map(({ path, content }) => ({ path: path.slice(folder.length + 1), content }))
    // One after another: each is made whole or not at all.
    if (await restoreGeneration(join(paths.dff, folder), digest, inside)) restoredFiles.push(`.dff/${folder}`)
  }
  for (const file of files.filter(({ path }) => path.startsWith('startup/'))) {
    const outcome = await placeStartup(paths, file)
    if (outcome === 'new') restoredFiles.push(file.path)
    if (outcome === 'other') keptFiles.push(file.path)
  }
  return { restoredFiles, keptFiles }
}
