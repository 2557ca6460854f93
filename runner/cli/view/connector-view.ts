import type { ConnectorRow } from '../../host-api.ts'
import { describeTraits } from '../../connector/traits.ts'
import type { Texts } from '../../text/texts.ts'
import { renderTable } from './table.ts'

/** Where a connector's points go; `outputFolder` is the home's, for the connector `file`. */
export function formatDestination(texts: Texts, row: ConnectorRow, outputFolder: string): string {
  const { config } = row
  if (config.type === 'file') return outputFolder
  if (config.type === 'datakit') return config.url
  return `${config.url} (${texts.view.connector.token(config.tokenSecret)})`
}

export function renderConnectors(
  texts: Texts,
  connectors: readonly ConnectorRow[],
  outputFolder: string,
): string[] {
  const { columns, implicit, user } = texts.view.connector
  const rows = connectors.map((row) => [
    row.id,
    row.config.type,
    formatDestination(texts, row, outputFolder),
    describeTraits(row.config) ?? texts.view.none,
    row.isImplicit ? implicit : user,
  ])
  return renderTable(columns, rows)
}
