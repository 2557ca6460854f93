import { renderTerraform } from '../../policy/terraform.ts'
import { answer, type ExitCode, type Invocation, withClient } from '../invocation.ts'
import type { Registry } from '../registry.ts'
import { renderPolicies } from '../view/policy-view.ts'

interface PolicyOptions {
  readonly terraform?: boolean
  readonly partition?: string
}

async function printPolicy(
  invocation: Invocation,
  setIds: readonly string[],
  { terraform, partition }: PolicyOptions,
): Promise<ExitCode> {
  const input = { setIds, partition: partition ?? null }
  const reports = await withClient(invocation, (client) => client.call('policy', input))
  answer(invocation, reports, () =>
    terraform === true && reports.length > 0
      ? renderTerraform(reports).split('\n')
      : renderPolicies(invocation.texts, reports),
  )
  return reports.length === 0 ? 1 : 0
}

export function addPolicyCommand({ program, parts: { texts }, action }: Registry): void {
  const help = texts.help.policy
  program
    .command('policy')
    .description(help.summary)
    .argument('[sets...]', help.sets)
    .option('--terraform', help.terraform)
    .option('--partition <partition>', help.partition)
    .action(action(printPolicy))
}
