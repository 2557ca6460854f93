/** Writes marketplace.json from scripts/: every set with its manifest, form, files and digests. Deterministic: the same sets give the same bytes. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { validate } from '../core/parameters.ts'
import type { ListedSet, Listing, SetManifest } from '../core/schema-types.generated.ts'
import { digestFiles, sha256 } from '../runner/market/digest.ts'

function listFiles(folder: string): ListedSet['files'] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(folder, path)).isFile())
    .map((path) => path.replaceAll('\\', '/'))
    .toSorted()
    .map((path) => {
      const content = readFileSync(join(folder, path))
      return { path, bytes: content.byteLength, sha256: sha256(content) }
    })
}

/** The form as install needs it: without the keys that tie it to this repository; `$ref: "regions"` is known to every host. */
function readForm(root: string, name: string): Record<string, unknown> {
  const path = join(root, 'schemas', 'parameters', `${name}.schema.json`)
  const {
    $schema: _schema,
    $id: _id,
    ...form
  } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
  return form
}

function checkManifest(manifest: SetManifest, folderName: string, files: ListedSet['files']): void {
  const place = `scripts/${folderName}/set.json`
  if (manifest.id !== folderName)
    throw new Error(`${place}: id is ${manifest.id}, the folder is ${folderName}`)
  const { startup } = manifest
  if (startup !== undefined && !files.some((file) => file.path === startup)) {
    throw new Error(`${place}: the set has no file ${startup}`)
  }
}

function listSet(root: string, folderName: string): ListedSet {
  const folder = join(root, 'scripts', folderName)
  const place = `scripts/${folderName}/set.json`
  const manifest = validate(
    'set',
    JSON.parse(readFileSync(join(folder, 'set.json'), 'utf8')) as unknown,
    place,
  )
  const files = listFiles(folder)
  checkManifest(manifest, folderName, files)
  const form = manifest.parameters === undefined ? {} : { parameters: readForm(root, manifest.parameters) }
  return { manifest, digest: digestFiles(files), ...form, files }
}

/** A name that two sets answer to would install either of them. */
function checkNames(sets: readonly ListedSet[]): void {
  const names = sets.flatMap(({ manifest }) => [manifest.id, ...(manifest.aliases ?? [])])
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new Error(`scripts/: two sets are called ${twice}`)
}

/** The listing of a repository's root folder; throws when a set contradicts its manifest or the schema. */
export function makeListing(root: string): Listing {
  const sets = readdirSync(join(root, 'scripts'))
    .filter((name) => existsSync(join(root, 'scripts', name, 'set.json')))
    .toSorted()
    .map((name) => listSet(root, name))
  checkNames(sets)
  const listing: Listing = { formatVersion: 1, sets }
  return validate('marketplace', listing, 'marketplace.json')
}

/** Writes the listing of a root folder into it. */
export function writeListing(root: string): void {
  writeFileSync(join(root, 'marketplace.json'), `${JSON.stringify(makeListing(root), null, 2)}\n`)
}

if (import.meta.main) writeListing(fileURLToPath(new URL('..', import.meta.url)))
