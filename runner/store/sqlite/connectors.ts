import type { ConnectorConfig } from '../../../core/schema-types.generated.ts'
import type { ConnectorStore } from '../store.ts'
import type { Database } from './database.ts'

interface ConnectorRow {
  readonly connector_id: string
  readonly config: string
}

/** Written by `put` below from the same type. */
function toConfig(row: ConnectorRow): ConnectorConfig {
  return JSON.parse(row.config) as ConnectorConfig
}

/** Connector configurations without their tokens. */
export function sqliteConnectors(database: Database): ConnectorStore {
  return {
    async put(id, config) {
      database.write(() =>
        database.run(
          'INSERT OR REPLACE INTO connector (connector_id, config) VALUES (?, ?)',
          id,
          JSON.stringify(config),
        ),
      )
    },
    async get(id) {
      const row = database.get<ConnectorRow>('SELECT * FROM connector WHERE connector_id = ?', id)
      return row === undefined ? undefined : toConfig(row)
    },
    async list() {
      return database
        .all<ConnectorRow>('SELECT * FROM connector ORDER BY connector_id')
        .map((row) => ({ id: row.connector_id, config: toConfig(row) }))
    },
    async remove(id) {
      return database.write(() => database.run('DELETE FROM connector WHERE connector_id = ?', id)) > 0
    },
  }
}
