import { resolve } from 'node:path'
import type { PlanReport } from '../../cost/priced-plan.ts'
import { parseBackfill } from '../argument.ts'
import { answer, type ExitCode, type Invocation, showProgress, withClient } from '../invocation.ts'
import type { Registry } from '../registry.ts'
import { renderPlanReport } from '../view/plan-view.ts'

interface PlanOptions {
  readonly backfill?: string
  readonly compare?: string
}

/** Nothing could be planned: the problems say why. */
function isEmpty({ plan, other }: PlanReport): boolean {
  return [plan, ...(other === null ? [] : [other])].some(
    ({ metrics, requests, problems }) => metrics.length === 0 && requests.length === 0 && problems.length > 0,
  )
}

async function runPlan(invocation: Invocation, target: string, options: PlanOptions): Promise<ExitCode> {
  const { texts } = invocation
  const backfill = options.backfill === undefined ? null : parseBackfill(texts, options.backfill)
  const compare = options.compare === undefined ? null : resolve(options.compare)
  showProgress(invocation, texts.view.plan.progress)
  const input = { target, backfill, compare }
  const report = await withClient(invocation, (client) => client.call('plan', input))
  answer(invocation, report, () => renderPlanReport(texts, report))
  return isEmpty(report) ? 1 : 0
}

export function addPlanCommand({ program, parts: { texts }, action }: Registry): void {
  const help = texts.help.plan
  program
    .command('plan')
    .description(help.summary)
    .argument('<target>', texts.help.targetArgument)
    .option('--backfill <from..to>', help.backfill)
    .option('--compare <file>', help.compare)
    .addHelpText('after', `\n${help.after}`)
    .action(action(runPlan))
}
