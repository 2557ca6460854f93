import { readFile } from 'node:fs/promises'
import { coerceError } from '../../core/error.ts'
import type { Check } from '../../core/script.ts'
import { testConnector } from '../connector/probe.ts'
import { startupScriptPath } from '../home.ts'
import type { CheckReport, ConnectorRow } from '../host-api.ts'
import type { HostParts } from '../host-parts.ts'
import type { StartupScript } from '../store/store.ts'
import { resolveTarget } from '../target.ts'
import { checkHost } from './host-check.ts'

/** `DFF.SECRET('…')` as deploy writes it and as people edit it. */
const SECRET_REFERENCE = /DFF\.SECRET\(\s*(['"`])(?<name>[^'"`]+)\1\s*\)/g

function failed(id: string, title: string, error: unknown): Check {
  const { message, parts } = coerceError(error, id)
  return { id, status: 'failed', title, detail: message, remedy: parts.remedy }
}

async function checkReference(parts: HostParts, scriptId: string, name: string): Promise<Check> {
  const id = `startup.secret.${name}`
  const title = `The script may use the secret ${name}`
  try {
    await parts.vault.readFor(scriptId, name)
    return { id, status: 'ok', title, detail: 'stored and granted' }
  } catch (error) {
    return failed(id, title, error)
  }
}

/** The secrets that the Startup script names, as it stands on disk now. */
async function checkReferences(parts: HostParts, script: StartupScript): Promise<Check[]> {
  const path = startupScriptPath(parts.paths, script.setId)
  try {
    const text = await readFile(path, 'utf8')
    const names = new Set([...text.matchAll(SECRET_REFERENCE)].map((match) => match.groups?.['name'] ?? ''))
    return await Promise.all([...names].map((name) => checkReference(parts, script.scriptId, name)))
  } catch (error) {
    return [failed('startup.file', `${path} can be read`, error)]
  }
}

/** What the script's own doctor says: credentials, regions, actions. It runs as a task does, and writes nothing. */
async function askDoctor(parts: HostParts, script: StartupScript, signal: AbortSignal): Promise<Check[]> {
  const checks: Check[] = []
  // One after another: each is a process, and their calls share the same limits at AWS.
  for (const { funcId } of script.functions) {
    const exportName = funcId.slice(script.scriptId.length + 1)
    try {
      const { value } = await parts.tasks.ask({
        mode: 'doctor',
        scriptId: script.scriptId,
        exportName,
        signal,
      })
      if (value.mode === 'doctor') checks.push(...value.checks)
    } catch (error) {
      checks.push(failed(`startup.${exportName}`, `${funcId} can be loaded and asked`, error))
    }
  }
  return checks
}

async function examineScript(
  parts: HostParts,
  script: StartupScript,
  signal: AbortSignal,
): Promise<CheckReport> {
  const references = await checkReferences(parts, script)
  return { target: script.setId, checks: [...references, ...(await askDoctor(parts, script, signal))] }
}

/** All of them, or those that the functions of these scripts name. */
async function chooseConnectors(
  { connectors }: HostParts,
  scripts: readonly StartupScript[] | null,
): Promise<readonly ConnectorRow[]> {
  const rows = await connectors.list()
  if (scripts === null) return rows
  const functions = scripts.flatMap((script) => script.functions)
  const used = new Set(functions.map(({ connectorId }) => connectorId))
  return rows.filter(({ id }) => used.has(id))
}

/** Host, connectors and deployed sets, or with a set id that set besides; one report each. Throws NOT_INSTALLED, UNKNOWN_TARGET. */
export async function examine(
  parts: HostParts,
  setId: string | null,
  signal: AbortSignal,
): Promise<CheckReport[]> {
  const scripts =
    setId === null ? await parts.store.scripts.list() : [(await resolveTarget(parts, setId)).script]
  const host = { target: 'host', checks: await checkHost(parts) }
  const reports: CheckReport[] = [host]
  // One after another: each waits for a sink, and the order of the reports is that of the ids.
  for (const row of await chooseConnectors(parts, setId === null ? null : scripts)) {
    reports.push(await testConnector(row, { vault: parts.vault, output: parts.paths.output }))
  }
  // One after another: see askDoctor.
  for (const script of scripts) reports.push(await examineScript(parts, script, signal))
  return reports
}
