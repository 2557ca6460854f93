import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DffError } from '../../core/error.ts'
import { DEFAULT_CONNECTOR_ID } from '../connector/connector-id.ts'
import { startupScriptId } from '../home.ts'
import type { ApiFunctionInfo, DeployResult, FormValues, HostMethods } from '../host-api.ts'
import type { HostParts } from '../host-parts.ts'
import { sha256 } from '../market/digest.ts'
import { generationFolder } from '../market/folder.ts'
import { secretName, secretParameters } from '../market/form.ts'
import { findListed, readListing } from '../market/listing.ts'
import { connectorOf } from '../route.ts'
import type { InstalledSet } from '../store/store.ts'
import { toTriggerRows } from '../trigger/row.ts'
import { declaredTriggers } from './functions.ts'
import { addHeader } from './generated-text.ts'
import { renamePlace, stageScript, type StagedScript } from './startup-file.ts'
import { CONNECTOR_PLACEHOLDER, placeholdersOf, renderTemplate } from './template.ts'

/** An installed set with the file of its template. */
type DeployableSet = InstalledSet & { readonly startup: string }

async function findDeployable(parts: HostParts, setId: string): Promise<DeployableSet> {
  const installed = await parts.store.sets.get(setId)
  if (installed === undefined) {
    findListed(await readListing(parts.marketRoot), setId)
    throw new DffError({
      code: 'NOT_INSTALLED',
      place: `set ${setId}`,
      expected: 'an installed set',
      got: 'one that is only listed',
      remedy: `Type dff install ${setId} first.`,
    })
  }
  const { startup } = installed.manifest
  if (startup !== undefined) return { ...installed, startup }
  throw new DffError({
    code: 'BAD_USAGE',
    place: `set ${setId}`,
    expected: 'a set with a Startup script',
    got: 'one that is only imported by other sets',
    remedy: 'Deploy the set that requires it.',
  })
}

function refuseConnector(setId: string, connectorId: string): never {
  throw new DffError({
    code: 'BAD_USAGE',
    place: `set ${setId}`,
    expected: 'a set whose Startup script can be given a connector',
    got: `the connector ${connectorId} for one that cannot`,
    remedy: `Deploy it with --connector default, then write connector: '${connectorId}' into the options of DFF.API.`,
  })
}

/** What the template is filled with: as asked for, else as the deployed script says. Throws UNKNOWN_NAME, BAD_USAGE. */
async function chooseConnector(
  parts: HostParts,
  set: DeployableSet,
  { asked, template }: { readonly asked: string | undefined; readonly template: string },
): Promise<FormValues> {
  const script = await parts.store.scripts.get(startupScriptId(set.setId))
  const chosen = asked ?? connectorOf(script, `${startupScriptId(set.setId)}.run`)
  if (asked !== undefined) await parts.connectors.resolve(asked)
  if (chosen === DEFAULT_CONNECTOR_ID) return {}
  // Else a deploy would send the points elsewhere without a word.
  if (!template.includes(`{{${CONNECTOR_PLACEHOLDER}}}`)) refuseConnector(set.setId, chosen)
  return { [CONNECTOR_PLACEHOLDER]: chosen }
}

async function render(
  parts: HostParts,
  set: DeployableSet,
  connectorId: string | undefined,
): Promise<string> {
  const form = set.form ?? {}
  const stored = new Set((await parts.store.secrets.list()).map((secret) => secret.name))
  const secrets = secretParameters(form)
    .map((name) => [name, secretName(set.setId, name)] as const)
    .filter(([, name]) => stored.has(name))
  const path = join(generationFolder(parts.paths, set.setId, set.digest), set.startup)
  const template = await readFile(path, 'utf8')
  const connector = await chooseConnector(parts, set, { asked: connectorId, template })
  const body = renderTemplate({
    place: path,
    text: template,
    known: placeholdersOf(form),
    values: { ...set.parameters, ...connector },
    secrets: Object.fromEntries(secrets),
  })
  return addHeader(set.setId, set.version, body)
}

/** Loads the staged script as a task would, so that a broken one never gets a trigger. */
async function inspect(
  parts: HostParts,
  setId: string,
  staged: StagedScript,
  signal: AbortSignal,
): Promise<readonly ApiFunctionInfo[]> {
  const scriptId = startupScriptId(setId)
  const { functions } = await parts.tasks.ask({
    mode: 'inspect',
    scriptId,
    scriptPath: staged.temporaryPath,
    signal,
  })
  return functions
}

/** Publishes the checked script, then its row and its triggers, which stay as they were when that fails. */
async function publish(
  parts: HostParts,
  set: InstalledSet,
  staged: StagedScript,
  checked: { readonly text: string; readonly functions: readonly ApiFunctionInfo[] },
): Promise<string | null> {
  const declared = declaredTriggers(set.setId, checked.functions)
  const keptCopy = await staged.publish()
  const script = {
    scriptId: startupScriptId(set.setId),
    setId: set.setId,
    digest: sha256(checked.text),
    functions: checked.functions,
    deployedAtMs: Date.now(),
  }
  await parts.store.scripts.put(script, declared)
  return keptCopy
}

/**
 * Writes `startup/<set>.ts` from the set's template and creates its triggers, after a task process has loaded it.
 * Whatever fails, file, rows and triggers are as they were. Throws NOT_INSTALLED, SCRIPT_EDITED, SCRIPT_INVALID,
 * BAD_PARAMETER, BAD_CRON, UNKNOWN_NAME, BAD_USAGE, HOME_UNUSABLE.
 */
export async function deploySet(
  parts: HostParts,
  { setId, force, connectorId }: HostMethods['deploy']['input'],
  signal: AbortSignal,
): Promise<DeployResult> {
  const set = await findDeployable(parts, setId)
  const text = await render(parts, set, connectorId)
  const staged = await stageScript(parts.paths, setId, text, { force })
  let functions: readonly ApiFunctionInfo[] = []
  let keptCopy: string | null = null
  try {
    functions = await inspect(parts, setId, staged, signal)
    keptCopy = await publish(parts, set, staged, { text, functions })
  } catch (error) {
    await staged.discard()
    throw renamePlace(error, staged)
  }
  await parts.scheduler.refresh()
  const prefix = `${startupScriptId(setId)}.`
  const stored = (await parts.store.triggers.list()).filter((trigger) => trigger.funcId.startsWith(prefix))
  const { rows: triggers } = await toTriggerRows(parts.store, stored)
  return { setId, scriptPath: staged.finalPath, keptCopy, functions, triggers }
}
