import type { DeployResult } from '../../host-api.ts'
import type { Texts } from '../../text/texts.ts'
import { answer, withClient } from '../invocation.ts'
import type { Registry } from '../registry.ts'
import { indent, renderPairs } from '../view/table.ts'
import { renderTriggers } from '../view/trigger-view.ts'

/** What deploy did, for `dff deploy` and `dff install --deploy`. */
export function renderDeployed(texts: Texts, result: DeployResult): string[] {
  const { deployed, kept, edit } = texts.view.deploy
  return [
    deployed(result.scriptPath),
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
    .option('--force', texts.help.force)
    .action(
      action(async (invocation, setId: string, options: { readonly force?: boolean }) => {
        const force = options.force === true
        const result = await withClient(invocation, (client) => client.call('deploy', { setId, force }))
        answer(invocation, result, () => [
          ...renderDeployed(texts, result),
          ...renderNextAfterDeploy(texts, setId),
        ])
      }),
    )
}
