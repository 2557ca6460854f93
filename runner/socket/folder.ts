/**
 * The folder of a socket whose path would be too long below the home: under the temporary directory, where others may
 * make one of the same name, before this host does or after something has tidied it away.
 */
import { chmodSync, lstatSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { homeUnusable } from '../home-folder.ts'
import { PRIVATE_FOLDER } from '../home-modes.ts'
import type { HomePaths } from '../home.ts'

function checkOwner(folder: string): void {
  const stats = lstatSync(folder)
  const isOurs = process.getuid === undefined || stats.uid === process.getuid()
  if (!stats.isDirectory()) throw new Error('it is no folder')
  if (!isOurs) throw new Error('it belongs to another user')
}

/** Makes it where it is missing; throws HOME_UNUSABLE where it is somebody else's. */
export function prepareSocketFolder(paths: HomePaths): void {
  const folder = dirname(paths.socket)
  if (folder === paths.dff) return
  try {
    mkdirSync(folder, { recursive: true, mode: PRIVATE_FOLDER })
    checkOwner(folder)
    chmodSync(folder, PRIVATE_FOLDER)
  } catch (error) {
    throw homeUnusable(folder, error)
  }
}

/** Throws HOME_UNUSABLE where somebody else may listen: a call carries the token, and maybe a secret that was typed. */
export function checkSocketFolder(paths: HomePaths): void {
  const folder = dirname(paths.socket)
  if (folder === paths.dff) return
  try {
    checkOwner(folder)
  } catch (error) {
    // Without a folder nobody listens.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw homeUnusable(folder, error)
  }
}
