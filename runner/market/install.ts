import { DffError } from '../../core/error.ts'
import type { ListedSet } from '../../core/schema-types.generated.ts'
import { startupScriptId } from '../home.ts'
import type { HostParts } from '../host-parts.ts'
import type { FormValues } from '../host-api.ts'
import type { InstalledRow } from '../host-report.ts'
import type { InstalledSet, SecretChange } from '../store/store.ts'
import { generationFolder, removeGenerations, writeGeneration } from './folder.ts'
import { fillForm, type FilledForm, secretName, secretParameters } from './form.ts'
import { refuseWidening } from './grant.ts'
import { orderRequired, readListing } from './listing.ts'

interface InstallRequest {
  readonly setId: string
  readonly parameters: FormValues
  readonly force: boolean
  /** Whether a newer version may use more than was granted before. */
  readonly grant: boolean
}

const NOTHING: FilledForm = { parameters: {}, secrets: {} }

/** What an earlier install kept, secrets included: the form's rules are about all of them together. */
async function readEarlier(parts: HostParts, listed: ListedSet): Promise<FormValues> {
  const setId = listed.manifest.id
  const kept = (await parts.store.sets.get(setId))?.parameters ?? {}
  const known = new Set((await parts.store.secrets.list()).map((secret) => secret.name))
  const secrets = await Promise.all(
    secretParameters(listed.parameters ?? {})
      .filter((name) => known.has(secretName(setId, name)))
      .map(async (name) => [name, await parts.vault.read(secretName(setId, name))] as const),
  )
  return { ...kept, ...Object.fromEntries(secrets) }
}

async function fill(parts: HostParts, listed: ListedSet, given: FormValues): Promise<FilledForm> {
  const setId = listed.manifest.id
  if (listed.parameters !== undefined) {
    return fillForm(setId, listed.parameters, given, await readEarlier(parts, listed))
  }
  const extra = Object.keys(given)[0]
  if (extra === undefined) return NOTHING
  throw new DffError({
    code: 'BAD_PARAMETER',
    place: `parameters of ${setId}`,
    expected: 'none: this set is only imported by others',
    got: `the key ${extra}`,
    remedy: `Install it without parameters: dff install ${setId}.`,
  })
}

function sealSecrets(parts: HostParts, listed: ListedSet, form: FilledForm): SecretChange[] {
  const setId = listed.manifest.id
  return secretParameters(listed.parameters ?? {}).map((parameter) => {
    const name = secretName(setId, parameter)
    const value = form.secrets[parameter]
    const sealed = value === undefined ? null : parts.vault.seal(name, value)
    return { name, sealed, grantTo: startupScriptId(setId) }
  })
}

function toRow(listed: ListedSet, wasInstalled: boolean): InstalledRow {
  const { id, version } = listed.manifest
  return { setId: id, version, digest: listed.digest, wasInstalled }
}

function toInstalled(listed: ListedSet, parameters: FormValues, installedAtMs: number): InstalledSet {
  return {
    setId: listed.manifest.id,
    version: listed.manifest.version,
    digest: listed.digest,
    manifest: listed.manifest,
    form: listed.parameters ?? null,
    parameters,
    installedAtMs,
  }
}

async function removeUnused(parts: HostParts, listed: ListedSet): Promise<void> {
  const { id } = listed.manifest
  const current = generationFolder(parts.paths, id, listed.digest)
  await removeGenerations(parts.paths, id, new Set([current, ...parts.tasks.foldersInUse()]))
}

/**
 * Installs a set and what it requires, requirements first. The form is checked and every file verified before anything
 * is stored, so a refused install changes nothing. Throws UNKNOWN_SET, BAD_PARAMETER, LISTING_INVALID, DIGEST_MISMATCH, and
 * NOT_GRANTED for an upgrade that wants more than before.
 */
export async function installSet(parts: HostParts, request: InstallRequest): Promise<InstalledRow[]> {
  const ordered = orderRequired(await readListing(parts.marketRoot), request.setId)
  const before = new Map<string, InstalledSet>((await parts.store.sets.list()).map((set) => [set.setId, set]))
  const target = ordered.at(-1)
  if (target === undefined) return []
  // What is required is upgraded with it, and may be deployed by itself.
  if (!request.grant) for (const listed of ordered) refuseWidening(before.get(listed.manifest.id), listed)
  const form = await fill(parts, target, request.parameters)
  // A value that cannot be stored is refused before anything is written.
  sealSecrets(parts, target, form)
  // One after another, so that the first error is the same every time.
  for (const listed of ordered) await writeGeneration(parts.paths, parts.marketRoot, listed)
  const nowMs = Date.now()
  const installed = ordered.map((listed) => {
    const kept = before.get(listed.manifest.id)?.parameters ?? {}
    return toInstalled(listed, listed === target ? form.parameters : kept, nowMs)
  })
  // Sealed at the last moment, in the same turn: the key may have been changed while the files were written.
  await parts.store.sets.put(installed, sealSecrets(parts, target, form))
  await Promise.all(ordered.map((listed) => removeUnused(parts, listed)))
  return ordered.map((listed) => {
    const isSame = before.get(listed.manifest.id)?.digest === listed.digest
    return toRow(listed, request.force || !isSame)
  })
}
