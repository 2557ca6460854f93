import { DffError } from '../../../core/error.ts'
import type { BatchDetail, OutboxRow } from '../../host-report.ts'
import type { Texts } from '../../text/texts.ts'
import { parseBatchId, parseLimit } from '../argument.ts'
import { answer, type Invocation, withClient } from '../invocation.ts'
import { addGroup, type Registry } from '../registry.ts'
import { formatCount, formatWhen } from '../view/format.ts'
import { indent, renderPairs, renderTable } from '../view/table.ts'

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
    row.connectorId,
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

function renderBatch(texts: Texts, batch: BatchDetail): string[] {
  const { labels, contentColumns, lines } = texts.view.outbox
  const count = (value: number): string => formatCount(texts, value)
  const pairs: [string, string][] = [
    [labels.batch, String(batch.batchId)],
    [labels.state, batch.state],
    [labels.connector, batch.connectorId],
    [labels.category, batch.category],
    [labels.points, count(batch.points)],
    [labels.bytes, count(batch.rawBytes)],
    [labels.task, batch.taskId],
    [labels.committed, formatWhen(texts, batch.createdAtMs)],
    [labels.tries, count(batch.attempts)],
    [labels.nextTry, formatWhen(texts, batch.nextAttemptMs)],
    [labels.reason, batch.reason ?? texts.view.none],
  ]
  const contents = batch.contents.map((content) => [
    content.measurement,
    content.key,
    count(content.points),
    formatWhen(texts, content.lastPointMs),
  ])
  return [
    ...renderPairs(pairs),
    '',
    ...renderTable(contentColumns, contents),
    '',
    lines(count(batch.lines.length), count(batch.points)),
    ...indent(batch.lines),
  ]
}

async function showBatch(invocation: Invocation, batch: string): Promise<void> {
  const { texts } = invocation
  const batchId = parseBatchId(texts, batch)
  const detail = await withClient(invocation, (client) => client.call('outbox.show', { batchId }))
  answer(invocation, detail, () => renderBatch(texts, detail))
}

async function retryBatches(invocation: Invocation, batch: string | undefined): Promise<void> {
  const { texts } = invocation
  const batchId = batch === undefined ? null : parseBatchId(texts, batch)
  const result = await withClient(invocation, (client) => client.call('outbox.retry', { batchId }))
  const { retried, retriedOlder } = texts.view.outbox
  answer(invocation, result, () => [
    retried(formatCount(texts, result.retried)),
    ...(result.retried === 0 ? [] : [retriedOlder]),
  ])
}

/** One by its number, or all dead ones; never what waits, all at once. */
function chooseDropped({ texts }: Invocation, batch: string | undefined, dead: boolean): number | null {
  if (batch !== undefined && !dead) return parseBatchId(texts, batch)
  if (batch === undefined && dead) return null
  const got = dead ? 'both' : 'neither'
  throw new DffError({ code: 'BAD_USAGE', place: 'outbox drop', got, ...texts.view.outbox.noTarget })
}

async function dropBatch(
  invocation: Invocation,
  batch: string | undefined,
  { dead }: { readonly dead?: boolean },
): Promise<void> {
  const { texts } = invocation
  const batchId = chooseDropped(invocation, batch, dead === true)
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
    .command('show')
    .description(help.show)
    .argument('<batch>', help.batch)
    .action(action(async (invocation, batch: string) => showBatch(invocation, batch)))
  outbox
    .command('retry')
    .description(help.retry)
    .argument('[batch]', help.all)
    .action(action(async (invocation, batch: string | undefined) => retryBatches(invocation, batch)))
  outbox
    .command('drop')
    .description(help.drop)
    .argument('[batch]', help.batch)
    .option('--dead', help.dead)
    .action(action(dropBatch))
}
