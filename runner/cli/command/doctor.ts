import { answer, withClient } from '../invocation.ts'
import type { Registry } from '../registry.ts'
import { hasFailed, renderReports } from '../view/check-view.ts'

export function addDoctorCommand({ program, parts: { texts }, action }: Registry): void {
  program
    .command('doctor')
    .description(texts.help.doctor.summary)
    .argument('[set]', texts.help.setArgument)
    .action(
      action(async (invocation, setId: string | undefined) => {
        const input = { setId: setId ?? null }
        const reports = await withClient(invocation, (client) => client.call('doctor', input))
        answer(invocation, reports, () => renderReports(texts, reports))
        return hasFailed(reports) ? 1 : 0
      }),
    )
}
