import type { ConnectorRow, DeployResult, HostClient, InstalledRow } from '../../host-api.ts'
import type { MarketEntry } from '../../market/row.ts'
import { homePaths } from '../../home.ts'
import { type Given, parseAssignments, readParamsFile } from '../form/assignment.ts'
import {
  DEFAULT_CONNECTOR,
  type Destination,
  DESTINATION_KEYS,
  promptDestination,
  readDestination,
} from '../form/destination.ts'
import { readForm } from '../form/form-field.ts'
import { collectValues, readGivenValues, refuseUnknown } from '../form/form-values.ts'
import type { Prompter } from '../form/prompter.ts'
import { answer, type Invocation, isInteractive, makeSources, withClient } from '../invocation.ts'
import type { Registry } from '../registry.ts'
import { formatDestination } from '../view/connector-view.ts'
import { renderDeployed, renderNextAfterDeploy } from './deploy.ts'

interface InstallOptions {
  readonly parameter?: readonly string[]
  readonly params?: string
  readonly deploy?: boolean
  readonly force?: boolean
  readonly yes?: boolean
}

interface InstallAnswer {
  readonly installed: readonly InstalledRow[]
  readonly connector: ConnectorRow
  readonly deployed: DeployResult | null
}

function readGiven({ texts }: Invocation, options: InstallOptions): Map<string, Given> {
  const fromFile = options.params === undefined ? [] : readParamsFile(options.params, texts)
  return new Map([...fromFile, ...parseAssignments(options.parameter ?? [], texts)])
}

/** The connector in use: the user's own, or the host's implicit one. */
function findConnector(rows: readonly ConnectorRow[]): ConnectorRow {
  const row = rows.find(({ id }) => id === DEFAULT_CONNECTOR) ?? rows[0]
  return row ?? { id: DEFAULT_CONNECTOR, config: { type: 'file' }, isImplicit: true }
}

interface FilledForm {
  readonly parameters: Awaited<ReturnType<typeof collectValues>>
  readonly destination: Destination | undefined
}

/** Form values and destination, all valid before anything is changed. */
async function fillForm(
  invocation: Invocation,
  {
    entry,
    given,
    prompter,
    isConnected,
  }: {
    readonly entry: MarketEntry
    readonly given: ReadonlyMap<string, Given>
    readonly prompter: Prompter | undefined
    readonly isConnected: boolean
  },
): Promise<FilledForm> {
  const { texts } = invocation
  const setId = entry.manifest.id
  const fields = readForm(entry.parameters)
  const known = [...fields.map((field) => field.name), ...DESTINATION_KEYS]
  refuseUnknown(given, known, setId, texts)
  const sources = makeSources(invocation)
  const request = { setId, schema: entry.parameters, fields, given, sources }
  prompter?.intro(texts.form.intro(entry.manifest.title[texts.titleKey]))
  // The host keeps what an earlier install was given: defaults must not overwrite it, nor questions hide it.
  const isFirst = entry.installedVersion === null
  const asked = prompter === undefined ? request : { ...request, prompter }
  const parameters = await (isFirst ? collectValues(asked) : readGivenValues(request))
  const chosen = await readDestination(given, sources)
  if (chosen !== undefined || prompter === undefined || isConnected) {
    return { parameters, destination: chosen }
  }
  return { parameters, destination: await promptDestination(prompter, texts) }
}

async function install(
  invocation: Invocation,
  client: HostClient,
  { setId, options }: { readonly setId: string; readonly options: InstallOptions },
): Promise<InstallAnswer> {
  const given = readGiven(invocation, options)
  const force = options.force === true
  const entry = await client.call('market.show', { setId })
  const before = findConnector(await client.call('connector.list', {}))
  const canAsk = options.yes !== true && isInteractive(invocation)
  const prompter = canAsk ? await invocation.createPrompter(invocation.texts) : undefined
  const { parameters, destination } = await fillForm(invocation, {
    entry,
    given,
    prompter,
    isConnected: !before.isImplicit,
  })
  const installed = await client.call('install', { setId, parameters, force })
  // After it, because an install that is refused must not have changed where everybody's data goes.
  const connector =
    destination === undefined
      ? before
      : await client.call('connector.set', { id: DEFAULT_CONNECTOR, ...destination })
  const deployed = options.deploy === true ? await client.call('deploy', { setId, force }) : null
  return { installed, connector, deployed }
}

function formatSet({ setId, version }: InstalledRow): string {
  return `${setId} ${version}`
}

function renderInstalled(invocation: Invocation, setId: string, result: InstallAnswer): string[] {
  const { texts, home } = invocation
  const { installed, alreadyThere, dataGoes, implicit, next, nextDeploy } = texts.view.install
  const fresh = result.installed.filter((row) => row.wasInstalled).map(formatSet)
  const present = result.installed.filter((row) => !row.wasInstalled).map(formatSet)
  const { connector, deployed } = result
  return [
    ...(fresh.length === 0 ? [] : [installed(fresh.join(', '))]),
    ...(present.length === 0 ? [] : [alreadyThere(present.join(', '))]),
    dataGoes(`${connector.config.type} ${formatDestination(texts, connector, homePaths(home).output)}`),
    ...(connector.isImplicit ? [implicit] : []),
    ...(deployed === null
      ? ['', next, `  ${nextDeploy(setId)}`]
      : ['', ...renderDeployed(texts, deployed), ...renderNextAfterDeploy(texts, setId)]),
  ]
}

export function addInstallCommand({ program, parts: { texts }, action }: Registry): void {
  const help = texts.help.install
  program
    .command('install')
    .description(help.summary)
    .argument('<set>', texts.help.setArgument)
    .option(
      '-p, --parameter <key=value>',
      help.parameter,
      (pair: string, pairs: readonly string[] | undefined) => [...(pairs ?? []), pair],
    )
    .option('--params <file>', help.file)
    .option('--deploy', help.deploy)
    .option('--force', help.force)
    .option('--yes', help.yes)
    .addHelpText('after', `\n${help.after}`)
    .action(
      action(async (invocation, setId: string, options: InstallOptions) => {
        const result = await withClient(invocation, (client) =>
          install(invocation, client, { setId, options }),
        )
        answer(invocation, result, () => renderInstalled(invocation, setId, result))
      }),
    )
}
