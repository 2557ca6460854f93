import type { OutboxRow } from '../../host-api.ts'
import type { Texts } from '../../text/texts.ts'
import { parseBatchId, parseLimit } from '../argument.ts'
import { answer, type Invocation, withClient } from '../invocation.ts'
import { addGroup, type Registry } from '../registry.ts'
import { formatCount, formatWhen } from '../view/format.ts'
import { renderTable } from '../view/table.ts'

type State = OutboxRow['state']

interface ListOptions {
  readonly limit: string
  readonly state?: State
}

const DEFAULT_LIMIT = '50'

function renderOutbox(texts: Texts, rows: readonly OutboxRow[]): string[] {
  const { columns, empty } = texts.view.outbox
  if (rows.length === 0) return [empty]
  const cells = rows.map((row) => [
    String(row.batchId),
    row.state,
    row.category,
    formatCount(texts, row.points),
    formatCount(texts, row.rawBytes),
    row.taskId,
    formatWhen(texts, row.createdAtMs),
    formatCount(texts, row.attempts),
    formatWhen(texts, row.nextAttemptMs),
    row.reason ?? texts.view.none,
  ])
  return renderTable(columns, cells)
}

async function listBatches(invocation: Invocation, options: ListOptions): Promise<void> {
  const { texts } = invocation
  const filter = { state: options.state ?? null, limit: parseLimit(texts, options.limit) }
  const rows = await withClient(invocation, (client) => client.call('outbox.list', filter))
  answer(invocation, rows, () => renderOutbox(texts, rows))
}

async function retryBatches(invocation: Invocation, batch: string | undefined): Promise<void> {
  const { texts } = invocation
  const batchId = batch === undefined ? null : parseBatchId(texts, batch)
  const result = await withClient(invocation, (client) => client.call('outbox.retry', { batchId }))
  answer(invocation, result, () => [texts.view.outbox.retried(formatCount(texts, result.retried))])
}

async function dropBatch(invocation: Invocation, batch: string): Promise<void> {
  const { texts } = invocation
  const batchId = parseBatchId(texts, batch)
  const result = await withClient(invocation, (client) => client.call('outbox.drop', { batchId }))
  answer(invocation, result, () => [texts.view.outbox.dropped(formatCount(texts, result.dropped))])
}

export function addOutboxCommands({ program, parts: { texts }, action }: Registry): void {
  const help = texts.help.outbox
  const outbox = addGroup(program, 'outbox', help.group)
  const list = outbox.command('list').description(help.list)
  list
    .addOption(
      list.createOption('--state <state>', help.state).choices(['waiting', 'dead'] satisfies State[]),
    )
    .option('--limit <n>', help.limit, DEFAULT_LIMIT)
    .action(action(listBatches))
  outbox
    .command('retry')
    .description(help.retry)
    .argument('[batch]', help.all)
    .action(action(async (invocation, batch: string | undefined) => retryBatches(invocation, batch)))
  outbox
    .command('drop')
    .description(help.drop)
    .argument('<batch>', help.batch)
    .action(action(async (invocation, batch: string) => dropBatch(invocation, batch)))
}
