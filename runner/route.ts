/** Where a task's data comes from and goes to: which connector a function names, and how a record says so. */
import type { SinkTraits } from '../core/script.ts'
import { hideShapes } from '../core/secret-shape.ts'
import { DEFAULT_CONNECTOR_ID } from './connector/connector-id.ts'
import { outputFolder } from './connector/output-folder.ts'
import { describeTraits, sinkTraits } from './connector/traits.ts'
import type { ConnectorRow } from './host-api.ts'
import type { HostParts } from './host-parts.ts'
import type { NewTask, StartupScript } from './store/store.ts'

/** What a record shows of it. */
export type Route = Pick<NewTask, 'connector' | 'endpointUrl'>

/** `AWS_ENDPOINT_URL` and its variants for one service, as the SDK reads them. */
const ENDPOINT_VARIABLE = /^AWS_ENDPOINT_URL(?:_(?<service>[A-Z0-9_]+))?$/

/** The connector that a function named when its script was last loaded. */
export function connectorOf(script: StartupScript | undefined, funcId: string): string {
  const api = script?.functions.find((candidate) => candidate.funcId === funcId)
  // A script that was never loaded here says nothing yet.
  return api?.connectorId ?? DEFAULT_CONNECTOR_ID
}

/** `http://127.0.0.1:4566`, `CLOUDWATCH http://…`: data of a task that used it need not come from AWS; null without one. */
function describeEndpoints(env: NodeJS.ProcessEnv): string | null {
  if (env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] === 'true') return null
  const found = Object.keys(env)
    .toSorted()
    .flatMap((name) => {
      const match = ENDPOINT_VARIABLE.exec(name)
      const url = env[name] ?? ''
      if (match === null || url === '') return []
      const service = match.groups?.['service']
      return [`${service === undefined ? '' : `${service} `}${hideShapes(url)}`]
    })
  return found.length === 0 ? null : found.join(', ')
}

/** `datakit http://127.0.0.1:9529`, with the id before it unless it is `default`. */
function describeConnector({ id, config }: ConnectorRow, output: string): string {
  const traits = describeTraits(config)
  const address = config.type === 'file' ? outputFolder(output, id) : config.url
  const where = `${config.type} ${address}${traits === undefined ? '' : ` (${traits})`}`
  return id === DEFAULT_CONNECTOR_ID ? where : `${id}: ${where}`
}

type RouteParts = Pick<HostParts, 'connectors' | 'paths'>

/** What the record of a task says that runs now and writes to this connector. */
export async function readRoute({ connectors, paths }: RouteParts, connectorId: string): Promise<Route> {
  const row = (await connectors.list()).find(({ id }) => id === connectorId)
  // The task itself fails with the names that are known; its record is made before.
  const connector = row === undefined ? `${connectorId}: not set` : describeConnector(row, paths.output)
  return { connector, endpointUrl: describeEndpoints(process.env) }
}

/** What each connector's store does with a rewrite. */
export async function readSinks({ connectors }: RouteParts): Promise<Readonly<Record<string, SinkTraits>>> {
  const rows = await connectors.list()
  return Object.fromEntries(rows.map(({ id, config }) => [id, sinkTraits(config, id)]))
}
