import type { ConnectorRow } from '../../host-api.ts'
import { outputFolder } from '../../connector/output-folder.ts'
import { describeTraits } from '../../connector/traits.ts'
import type { Texts } from '../../text/texts.ts'
import { renderTable } from './table.ts'

/** Where a connector's points go; `output` is the home's folder, for connectors of type `file`. */
export function formatDestination(texts: Texts, row: ConnectorRow, output: string): string {
  const { config } = row
  if (config.type === 'file') return outputFolder(output, row.id)
  if (config.type === 'datakit') return config.url
  return `${config.url} (${texts.view.connector.token(config.tokenSecret)})`
}

export function renderConnectors(
  texts: Texts,
  connectors: readonly ConnectorRow[],
  output: string,
): string[] {
  const { columns, implicit, user } = texts.view.connector
  const rows = connectors.map((row) => [
    row.id,
    row.config.type,
    formatDestination(texts, row, output),
    describeTraits(row.config) ?? texts.view.none,
    row.isImplicit ? implicit : user,
  ])
  return renderTable(columns, rows)
}
