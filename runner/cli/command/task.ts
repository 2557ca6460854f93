import { parseLimit, parseStatus } from '../argument.ts'
import { answer, type Invocation, withClient } from '../invocation.ts'
import { addGroup, type Registry } from '../registry.ts'
import { renderTaskRecord, renderTaskTable } from '../view/task-view.ts'

interface ListOptions {
  readonly limit: string
  readonly func?: string
  readonly status?: string
}

/** As many as fit on a screen. */
const DEFAULT_LIMIT = '20'

async function listTasks(invocation: Invocation, options: ListOptions): Promise<void> {
  const { texts } = invocation
  const limit = parseLimit(texts, options.limit)
  const status = options.status === undefined ? null : parseStatus(texts, options.status)
  const filter = { limit, status, funcId: options.func ?? null }
  const records = await withClient(invocation, (client) => client.call('task.list', filter))
  answer(invocation, records, () => renderTaskTable(texts, records))
}

export function addTaskCommands({ program, parts: { texts }, action }: Registry): void {
  const { task: help, taskArgument } = texts.help
  const task = addGroup(program, 'task', help.group)
  task
    .command('list')
    .description(help.list)
    .option('--limit <n>', help.limit, DEFAULT_LIMIT)
    .option('--func <id>', help.func)
    .option('--status <status>', help.status)
    .action(action(listTasks))
  task
    .command('show')
    .description(help.show)
    .argument('<id>', taskArgument)
    .action(
      action(async (invocation, taskId: string) => {
        const record = await withClient(invocation, (client) => client.call('task.show', { taskId }))
        answer(invocation, record, () => renderTaskRecord(texts, record))
      }),
    )
}
