import { accessSync, chmodSync, constants, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DffError } from '../core/error.ts'
import { makePrivate, PRIVATE_FOLDER } from './home-modes.ts'
import type { HomePaths } from './home.ts'

/** What the system says when there is no room: permissions and another folder would be the wrong advice. */
const FULL_CODES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])

/** HOME_UNUSABLE for a path the system refused, with the system's own word for the cause. */
export function homeUnusable(path: string, cause: unknown): DffError {
  const text = cause instanceof Error ? cause.message : String(cause)
  const isFull = FULL_CODES.has((cause as { readonly code?: string } | null)?.code ?? '')
  const advice = isFull
    ? { expected: 'room for the next write', remedy: 'The disk is full: free some space, then try again.' }
    : {
        expected: 'a folder this user can write to',
        remedy: 'Choose another home with --home DIR or DFF_HOME, or correct the permissions.',
      }
  return new DffError({ code: 'HOME_UNUSABLE', place: path, got: text, ...advice }, { cause })
}

function checkExisting(paths: HomePaths): string[] {
  try {
    accessSync(paths.root, constants.R_OK | constants.W_OK | constants.X_OK)
    const mended = makePrivate(paths.dff, PRIVATE_FOLDER)
    accessSync(paths.dff, constants.R_OK | constants.W_OK | constants.X_OK)
    // Its absence would let `git add .` commit the key file.
    writeFileSync(join(paths.dff, '.gitignore'), '*\n')
    return mended === undefined ? [] : [mended]
  } catch (cause) {
    throw cause instanceof DffError ? cause : homeUnusable(paths.dff, cause)
  }
}

/** Folders of a path that are not there yet, outermost first. */
function missingFolders(path: string): string[] {
  const missing: string[] = []
  for (let folder = path; !existsSync(folder) && dirname(folder) !== folder; folder = dirname(folder)) {
    missing.unshift(folder)
  }
  return missing
}

/**
 * Creates the home's folders where they are missing; throws HOME_UNUSABLE and then leaves nothing that was not there
 * before. Returns what it had to mend, one sentence each.
 */
export function prepareHome(paths: HomePaths): readonly string[] {
  if (existsSync(paths.dff)) return checkExisting(paths)
  let created: string | undefined
  try {
    // One by one: Node's recursive mkdir never returns below a folder that takes no entries, such as /proc.
    for (const folder of missingFolders(paths.dff)) {
      mkdirSync(folder, { mode: PRIVATE_FOLDER })
      // The first one, so that a failure further down removes all of them and nothing else.
      created ??= folder
    }
    // mkdir leaves out what the umask takes.
    chmodSync(paths.dff, PRIVATE_FOLDER)
    writeFileSync(join(paths.dff, '.gitignore'), '*\n')
    return []
  } catch (cause) {
    if (created !== undefined) rmSync(created, { recursive: true, force: true })
    throw homeUnusable(paths.dff, cause)
  }
}
