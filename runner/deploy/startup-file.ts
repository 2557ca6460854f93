import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, mkdir, readFile, rename, rm, rmdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { DffError } from '../../core/error.ts'
import { homeUnusable } from '../home-folder.ts'
import { type HomePaths, startupScriptPath } from '../home.ts'
import { writeSynced } from '../synced-file.ts'
import { isUnedited } from './generated-text.ts'

/** The user's own file: it is there to be edited. */
const FILE_MODE = 0o644

/** A Startup script that stands beside the current one and has not replaced it yet. */
export interface StagedScript {
  readonly temporaryPath: string
  readonly finalPath: string
  /** Replaces the current script, keeping a copy where one is asked for; returns the copy's path. */
  publish(): Promise<string | null>
  /** Puts everything back as it was, whether or not publish happened. */
  discard(): Promise<void>
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw homeUnusable(path, error)
  })
}

function refuseEdited(path: string, setId: string): never {
  throw new DffError({
    code: 'SCRIPT_EDITED',
    place: path,
    expected: 'the text that dff deploy wrote',
    got: 'an edited one',
    remedy: `It is used as it is; to replace it and keep a copy, type dff deploy ${setId} --force.`,
  })
}

/** `2026-11-23T18-36-00Z`: a time that every file system takes as a name. */
function fileTime(nowMs: number): string {
  return new Date(nowMs)
    .toISOString()
    .replace(/\.\d{3}Z$/, 'Z')
    .replaceAll(':', '-')
}

/**
 * Writes a Startup script under a temporary name beside its place. Throws SCRIPT_EDITED when the user changed the
 * current one and `force` is not set, HOME_UNUSABLE when the folder cannot be written.
 */
export async function stageScript(
  paths: HomePaths,
  setId: string,
  text: string,
  { force }: { readonly force: boolean },
): Promise<StagedScript> {
  const finalPath = startupScriptPath(paths, setId)
  const before = await readIfThere(finalPath)
  const isEdited = before !== undefined && before !== text && !isUnedited(before)
  if (isEdited && !force) refuseEdited(finalPath, setId)
  const temporaryPath = join(paths.startup, `.${setId}.${randomBytes(4).toString('hex')}.ts`)
  const madeFolder = await mkdir(paths.startup, { recursive: true }).catch((error: unknown) => {
    throw homeUnusable(paths.startup, error)
  })
  let keptCopy: string | null = null
  let isPublished = false
  const discard = async (): Promise<void> => {
    await rm(temporaryPath, { force: true })
    if (isPublished && before === undefined) await rm(finalPath, { force: true })
    if (isPublished && before !== undefined) {
      await writeSynced(temporaryPath, before, FILE_MODE)
      await rename(temporaryPath, finalPath)
    }
    if (keptCopy !== null) await rm(keptCopy, { force: true })
    // Only when it is empty; a folder with somebody's file in it stays.
    if (madeFolder !== undefined) await rmdir(paths.startup).catch(() => undefined)
  }
  try {
    await writeSynced(temporaryPath, text, FILE_MODE)
  } catch (error) {
    await discard()
    throw homeUnusable(temporaryPath, error)
  }
  return {
    temporaryPath,
    finalPath,
    discard,
    publish: async () => {
      if (isEdited) {
        const copy = `${finalPath}.kept-${fileTime(Date.now())}`
        await copyFile(finalPath, copy, constants.COPYFILE_EXCL)
        keptCopy = copy
      }
      await rename(temporaryPath, finalPath)
      isPublished = true
      return keptCopy
    },
  }
}

/** The error a check of the staged script met, told about the file that the user knows. */
export function renamePlace(error: unknown, staged: StagedScript): unknown {
  if (!(error instanceof DffError)) return error
  const retell = (text: string): string =>
    text
      .replaceAll(staged.temporaryPath, staged.finalPath)
      .replaceAll(basename(staged.temporaryPath), basename(staged.finalPath))
  const { code, place, expected, got, remedy } = error.parts
  return new DffError(
    { code, place: retell(place), expected: retell(expected), got: retell(got), remedy: retell(remedy) },
    { cause: error },
  )
}
