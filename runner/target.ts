import { closestName } from '../core/closest.ts'
import { DffError } from '../core/error.ts'
import { startupScriptId } from './home.ts'
import type { HostParts } from './host-parts.ts'
import { readListing, resolveAlias } from './market/listing.ts'
import type { StartupScript } from './store/store.ts'
import { setIdOf } from './task-scope.ts'

function unknownTarget(target: string, known: readonly string[]): DffError {
  const near = closestName(target, known)
  return new DffError({
    code: 'UNKNOWN_TARGET',
    place: 'target',
    expected: 'a set id, startup__SET or startup__SET.FUNCTION',
    got: target === '' ? 'an empty name' : target,
    remedy: near === undefined ? 'dff market list names the sets.' : `Did you mean ${near}?`,
  })
}

async function refuseImported(parts: HostParts, setId: string): Promise<never> {
  const deployed = (await parts.store.scripts.list()).map((script) => script.setId)
  throw new DffError({
    code: 'UNKNOWN_TARGET',
    place: `set ${setId}`,
    expected: 'a set with a Startup script',
    got: 'a set that others import and that does not run by itself',
    remedy:
      deployed.length === 0
        ? 'No set is deployed yet; dff market list names the sets.'
        : `Name one that is deployed: ${deployed.join(', ')}.`,
  })
}

async function refuse(parts: HostParts, target: string, name: string): Promise<never> {
  const listing = await readListing(parts.marketRoot)
  const setId = resolveAlias(listing, name)
  const isInstalled = (await parts.store.sets.get(setId)) !== undefined
  const listed = listing.sets.map((set) => set.manifest)
  const manifest = listed.find((candidate) => candidate.id === setId)
  if (manifest === undefined && !isInstalled) {
    const startable = listed.filter((candidate) => candidate.startup !== undefined).map(({ id }) => id)
    const isScriptId = target.startsWith(startupScriptId(''))
    throw unknownTarget(target, isScriptId ? startable.map(startupScriptId) : startable)
  }
  if (manifest !== undefined && manifest.startup === undefined) return refuseImported(parts, setId)
  throw new DffError({
    code: 'NOT_INSTALLED',
    place: `set ${setId}`,
    expected: 'a deployed Startup script',
    got: isInstalled ? 'a set that is installed but not deployed' : 'a set that is not installed',
    remedy: isInstalled ? `Type dff deploy ${setId}.` : `Type dff install ${setId} --deploy.`,
  })
}

/** The deployed script of the set that has this alias. */
async function findByAlias(parts: HostParts, name: string): Promise<StartupScript | undefined> {
  const listing = await readListing(parts.marketRoot).catch(() => undefined)
  const setId = listing === undefined ? name : resolveAlias(listing, name)
  return setId === name ? undefined : parts.store.scripts.get(startupScriptId(setId))
}

/**
 * The deployed script that a target names: `SET`, `startup__SET` or `startup__SET.FUNCTION`, with the function's name
 * (default `run`). Throws UNKNOWN_TARGET with the nearest name, or NOT_INSTALLED with what to type.
 */
export async function resolveTarget(
  parts: HostParts,
  target: string,
): Promise<{ readonly script: StartupScript; readonly funcId: string }> {
  const [name = '', exportName = 'run'] = target.split('.')
  const scriptId = name.startsWith(startupScriptId('')) ? name : startupScriptId(name)
  const found = (await parts.store.scripts.get(scriptId)) ?? (await findByAlias(parts, setIdOf(scriptId)))
  const script = found ?? (await refuse(parts, target, setIdOf(scriptId)))
  const funcId = `${script.scriptId}.${exportName}`
  const known = script.functions.map((api) => api.funcId)
  // `run` is asked for in any case: the file may have been given it since it was last loaded.
  if (exportName !== 'run' && !known.includes(funcId)) throw unknownTarget(target, known)
  return { script, funcId }
}
