import { answer, type ExitCode, type Invocation, withClient } from '../invocation.ts'
import type { Registry } from '../registry.ts'
import { renderExplanations } from '../view/explanation-view.ts'

interface WhyOptions {
  readonly target?: string
}

async function explain(
  invocation: Invocation,
  name: string,
  metric: string | undefined,
  { target }: WhyOptions,
): Promise<ExitCode> {
  const input = { target: target ?? null, name, metric: metric ?? null }
  const explanations = await withClient(invocation, (client) => client.call('why', input))
  answer(invocation, explanations, () => renderExplanations(invocation.texts, explanations, name))
  return explanations.length === 0 ? 1 : 0
}

export function addWhyCommand({ program, parts: { texts }, action }: Registry): void {
  const help = texts.help.why
  program
    .command('why')
    .description(help.summary)
    .argument('<function>', help.function)
    .argument('[metric]', help.metric)
    .option('--target <target>', texts.help.targetArgument)
    .action(action(explain))
}
