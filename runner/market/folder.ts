import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { DffError } from '../../core/error.ts'
import type { ListedSet } from '../../core/schema-types.generated.ts'
import { homeUnusable } from '../home-folder.ts'
import type { HomePaths } from '../home.ts'
import { syncPath, writeSynced } from '../synced-file.ts'
import { digestFiles, sha256 } from './digest.ts'

/** Read-only: a generation is immutable, a change is another generation. */
const FILE_MODE = 0o444

/** In every set: what it says of itself. */
const MANIFEST_FILE = 'set.json'

/** Folder of one generation of a set. */
export function generationFolder(paths: HomePaths, setId: string, digest: string): string {
  return join(paths.sets, setId, digest)
}

function mismatch(place: string, expected: string, got: string): DffError {
  return new DffError({
    code: 'DIGEST_MISMATCH',
    place,
    expected: `sha256 ${expected}`,
    got,
    remedy:
      'The file is not what the listing names: reinstall the package, or run npm run gen in a checkout.',
  })
}

async function readVerified(folder: string, file: ListedSet['files'][number]): Promise<Buffer> {
  const path = join(folder, file.path)
  const content = await readFile(path).catch((error: unknown) => {
    throw mismatch(path, file.sha256, error instanceof Error ? error.message : String(error))
  })
  const found = sha256(content)
  if (found !== file.sha256) throw mismatch(path, file.sha256, `sha256 ${found}`)
  return content
}

/** Grants go by the manifest: what the listing says of a set must be what its own files say. */
async function checkManifest(source: string, { manifest, files }: ListedSet): Promise<void> {
  const place = `listing: ${manifest.id}`
  const own = files.find((file) => file.path === MANIFEST_FILE)
  const text = own === undefined ? '{}' : (await readVerified(source, own)).toString('utf8')
  if (isDeepStrictEqual(JSON.parse(text), manifest)) return
  throw new DffError({
    code: 'LISTING_INVALID',
    place,
    expected: `the manifest that ${MANIFEST_FILE} of the set holds`,
    got: own === undefined ? 'a set without that file' : 'another one',
    remedy: 'Reinstall the package; when you change sets yourself, run npm run gen.',
  })
}

async function isIntact(folder: string, listed: ListedSet): Promise<boolean> {
  if (!existsSync(folder)) return false
  return Promise.all(listed.files.map((file) => readVerified(folder, file))).then(
    () => true,
    () => false,
  )
}

async function copyFiles(marketRoot: string, listed: ListedSet, folder: string): Promise<void> {
  const source = join(marketRoot, 'scripts', listed.manifest.id)
  // One after another: a set has a few dozen small files, and the order makes the first error the same every time.
  for (const file of listed.files) {
    const path = join(folder, file.path)
    await mkdir(dirname(path), { recursive: true })
    await writeSynced(path, await readVerified(source, file), FILE_MODE)
  }
  await syncPath(folder)
}

/** Copies a set into its generation folder, verified, whole or not at all; throws DIGEST_MISMATCH or HOME_UNUSABLE. Returns false when it was there already. */
export async function writeGeneration(
  paths: HomePaths,
  marketRoot: string,
  listed: ListedSet,
): Promise<boolean> {
  const { id } = listed.manifest
  const digest = digestFiles(listed.files)
  if (digest !== listed.digest)
    throw mismatch(`listing: ${id}`, listed.digest, `sha256 ${digest} of its files`)
  await checkManifest(join(marketRoot, 'scripts', id), listed)
  const folder = generationFolder(paths, id, digest)
  if (await isIntact(folder, listed)) return false
  await placeFolder(folder, (temporary) => copyFiles(marketRoot, listed, temporary))
  return true
}

/** Fills a folder aside and then puts it in place, whole or not at all. */
async function placeFolder(folder: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${folder}.${randomBytes(4).toString('hex')}`
  try {
    await fill(temporary)
    await rm(folder, { recursive: true, force: true })
    await rename(temporary, folder)
    await syncPath(dirname(folder))
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw error instanceof DffError ? error : homeUnusable(folder, error)
  }
}

/** A file of a generation with what is in it. */
export interface GenerationFile {
  readonly path: string
  readonly content: Uint8Array
}

/** The files of a generation that is on the disk, by their paths in it. */
export async function readGeneration(folder: string): Promise<GenerationFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Promise.all(
    files.map(async (path) => ({
      path: relative(folder, path).replaceAll(sep, '/'),
      content: await readFile(path),
    })),
  )
}

/** Writes a generation from files that were kept, verified by its digest; false when it is there already. Throws DIGEST_MISMATCH or HOME_UNUSABLE. */
export async function restoreGeneration(
  folder: string,
  digest: string,
  files: readonly GenerationFile[],
): Promise<boolean> {
  const found = digestFiles(files.map(({ path, content }) => ({ path, sha256: sha256(content) })))
  if (found !== digest) throw mismatch(folder, digest, `sha256 ${found} of the files that were kept`)
  if (existsSync(folder)) return false
  await placeFolder(folder, async (temporary) => {
    for (const { path, content } of files) {
      // One after another, as at an install.
      await mkdir(dirname(join(temporary, path)), { recursive: true })
      await writeSynced(join(temporary, path), content, FILE_MODE)
    }
    await syncPath(temporary)
  })
  return true
}

/** Removes what is neither current nor in use, also what a killed install left half-written. */
export async function removeGenerations(
  paths: HomePaths,
  setId: string,
  keep: ReadonlySet<string>,
): Promise<void> {
  const folder = join(paths.sets, setId)
  const names = await readdir(folder).catch(() => [])
  const unused = names.filter((name) => !keep.has(join(folder, name)))
  await Promise.all(unused.map((name) => rm(join(folder, name), { recursive: true, force: true })))
}
