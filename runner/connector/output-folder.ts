import { join } from 'node:path'
import { DEFAULT_CONNECTOR_ID } from './connector-id.ts'

/** Where a connector of type `file` appends. Each has a folder of its own: two lanes that append to one file would cut each other's lines. */
export function outputFolder(output: string, connectorId: string): string {
  return connectorId === DEFAULT_CONNECTOR_ID ? output : join(output, connectorId)
}
