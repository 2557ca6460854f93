import { DEFAULT_CONNECTOR_ID } from '../../connector/connector-id.ts'
import type { DeployResult } from '../../host-api.ts'
import type { Texts } from '../../text/texts.ts'
import { answer, withClient } from '../invocation.ts'
import type { Registry } from '../registry.ts'
import { indent, renderPairs } from '../view/table.ts'
import { renderTriggers } from '../view/trigger-view.ts'

interface DeployOptions {
  readonly force?: boolean
  readonly connector?: string
}

/** What deploy did, for `dff deploy` and `dff install --deploy`. */
export function renderDeployed(texts: Texts, result: DeployResult): string[] {
  const { deployed, connector, kept, edit } = texts.view.deploy
  const elsewhere = result.functions.find(({ connectorId }) => connectorId !== DEFAULT_CONNECTOR_ID)
  return [
    deployed(result.scriptPath),
    ...(elsewhere === undefined ? [] : [connector(elsewhere.connectorId)]),
    ...(result.keptCopy === null ? [] : [kept(result.keptCopy)]),
    edit,
    '',
    ...renderTriggers(texts, result.triggers),
  ]
}

/** What to type after a deploy. */
export function renderNextAfterDeploy(texts: Texts, setId: string): string[] {
  const { next, nextExec, nextStart } = texts.view.install
  return ['', next, ...indent(renderPairs([nextExec(setId), nextStart]))]
}

export function addDeployCommand({ program, parts: { texts }, action }: Registry): void {
  program
    .command('deploy')
    .description(texts.help.deploy.summary)
    .argument('<set>', texts.help.setArgument)
    .option('--connector <id>', texts.help.deploy.connector)
    .option('--force', texts.help.force)
    .action(
      action(async (invocation, setId: string, options: DeployOptions) => {
        const { connector: connectorId } = options
        const input = { setId, force: options.force === true }
        const result = await withClient(invocation, (client) =>
          client.call('deploy', connectorId === undefined ? input : { ...input, connectorId }),
        )
        answer(invocation, result, () => [
          ...renderDeployed(texts, result),
          ...renderNextAfterDeploy(texts, setId),
        ])
      }),
    )
}
