import type { Json } from '../../../core/json.ts'
import type { MarketEntry, MarketRow } from '../../host-report.ts'
import type { Texts } from '../../text/texts.ts'
import { readForm } from '../form/form-field.ts'
import { answer, withClient } from '../invocation.ts'
import { addGroup, type Registry } from '../registry.ts'
import { formatCount, formatValue } from '../view/format.ts'
import { indent, renderPairs, renderTable } from '../view/table.ts'

function renderList(texts: Texts, rows: readonly MarketRow[]): string[] {
  const { columns, empty, updateWaits } = texts.view.market
  if (rows.length === 0) return [empty]
  const cells = rows.map(({ manifest, installedVersion, isUpdateWaiting }) => [
    [manifest.id, ...(manifest.aliases ?? [])].join(', '),
    manifest.version,
    installedVersion ?? texts.view.none,
    isUpdateWaiting ? updateWaits : texts.view.none,
    manifest.title[texts.titleKey],
  ])
  return renderTable(columns, cells)
}

function renderDefault(texts: Texts, value: Json | undefined): string {
  return value === undefined ? texts.view.none : formatValue(value)
}

function renderParameters(texts: Texts, entry: MarketEntry): string[] {
  const { parameters, parameterColumns, secret, noParameters } = texts.view.market
  const fields = readForm(entry.parameters)
  if (fields.length === 0) return [noParameters]
  const rows = fields.map((field) => [
    field.name,
    field.isRequired ? texts.view.yes : texts.view.no,
    field.isSecret ? secret : renderDefault(texts, field.defaultValue),
    `${field.title}. ${field.description}`,
  ])
  return [parameters, ...indent(renderTable(parameterColumns, rows))]
}

function renderEntry(texts: Texts, entry: MarketEntry): string[] {
  const { labels, notInstalled, updateWaits } = texts.view.market
  const { manifest } = entry
  const update = entry.isUpdateWaiting ? ` (${updateWaits})` : ''
  const pairs: [string, string][] = [
    [labels.version, manifest.version],
    ...(manifest.aliases === undefined
      ? []
      : [[labels.aliases, manifest.aliases.join(', ')] as [string, string]]),
    [labels.installed, `${entry.installedVersion ?? notInstalled}${update}`],
    [labels.requires, manifest.requires.join(', ') || texts.view.none],
    [labels.needed, manifest.actions?.needed.join(', ') || texts.view.none],
    [labels.optional, manifest.actions?.optional.join(', ') || texts.view.none],
    [labels.files, formatCount(texts, entry.files.length)],
    [labels.digest, entry.digest],
  ]
  return [
    `${manifest.id}  ${manifest.title[texts.titleKey]}`,
    manifest.description[texts.titleKey],
    '',
    ...renderPairs(pairs),
    '',
    ...renderParameters(texts, entry),
  ]
}

export function addMarketCommands({ program, parts: { texts }, action }: Registry): void {
  const help = texts.help.market
  const market = addGroup(program, 'market', help.group)
  market
    .command('list')
    .description(help.list)
    .action(
      action(async (invocation) => {
        const rows = await withClient(invocation, (client) => client.call('market.list', {}))
        answer(invocation, rows, () => renderList(texts, rows))
      }),
    )
  market
    .command('show')
    .description(help.show)
    .argument('<set>', texts.help.setArgument)
    .action(
      action(async (invocation, setId: string) => {
        const entry = await withClient(invocation, (client) => client.call('market.show', { setId }))
        answer(invocation, entry, () => renderEntry(texts, entry))
      }),
    )
}
