import { existsSync } from 'node:fs'
import { DffError } from '../core/error.ts'
import { type HomePaths, startupScriptId, startupScriptPath } from './home.ts'
import { generationFolder } from './market/folder.ts'
import type { InstalledSet, Store } from './store/store.ts'

/** What a task process may see of the home: its Startup script and the installed sets that its set imports. */
export interface TaskScope {
  readonly setId: string
  readonly scriptId: string
  readonly scriptPath: string
  /** Set id → folder of its current generation; the task keeps these even when an install replaces them meanwhile. */
  readonly sets: Readonly<Record<string, string>>
}

/** `startup__guance_aws_lambda.run` → `startup__guance_aws_lambda`. */
export function scriptIdOf(funcId: string): string {
  return funcId.slice(0, funcId.lastIndexOf('.'))
}

/** `startup__guance_aws_lambda` → `guance_aws_lambda`. */
export function setIdOf(scriptId: string): string {
  return scriptId.slice(startupScriptId('').length)
}

function notInstalled(setId: string, neededBy: string): DffError {
  const because = neededBy === setId ? '' : `, which ${neededBy} requires`
  return new DffError({
    code: 'NOT_INSTALLED',
    place: `set ${setId}`,
    expected: `an installed set${because}`,
    got: 'none',
    remedy: `Type dff install ${neededBy}.`,
  })
}

/** The scope of a Startup script with what its set requires, directly or not; throws NOT_INSTALLED naming what to type. */
export async function readScope(paths: HomePaths, store: Store, scriptId: string): Promise<TaskScope> {
  const setId = setIdOf(scriptId)
  const installed = new Map<string, InstalledSet>((await store.sets.list()).map((set) => [set.setId, set]))
  const sets: Record<string, string> = {}
  const add = (id: string): void => {
    if (sets[id] !== undefined) return
    const set = installed.get(id)
    if (set === undefined) throw notInstalled(id, setId)
    sets[id] = generationFolder(paths, id, set.digest)
    for (const required of set.manifest.requires) add(required)
  }
  add(setId)
  return { setId, scriptId, scriptPath: startupScriptPath(paths, setId), sets }
}

/** Throws NOT_INSTALLED where the Startup script is gone although it was deployed. */
export function checkDeployed(scope: TaskScope): void {
  if (existsSync(scope.scriptPath)) return
  throw new DffError({
    code: 'NOT_INSTALLED',
    place: scope.scriptPath,
    expected: 'the deployed Startup script',
    got: 'no such file',
    remedy: `Type dff deploy ${scope.setId}.`,
  })
}
