import { answer, withClient } from '../invocation.ts'
import type { Registry } from '../registry.ts'
import { hasFailed, renderReports } from '../view/check-view.ts'

export function addVerifyCommand({ program, parts: { texts }, action }: Registry): void {
  program
    .command('verify')
    .description(texts.help.verify.summary)
    .argument('<set>', texts.help.setArgument)
    .action(
      action(async (invocation, setId: string) => {
        const report = await withClient(invocation, (client) => client.call('verify', { setId }))
        answer(invocation, report, () => renderReports(texts, [report]))
        return hasFailed([report]) ? 1 : 0
      }),
    )
}
