import { closestName } from '../../core/closest.ts'
import { DffError } from '../../core/error.ts'
import { validate } from '../../core/parameters.ts'
import type { ConnectorConfig } from '../../core/schema-types.generated.ts'
import type { EpochMs } from '../../core/time.ts'
import type { ConnectorRow } from '../host-api.ts'
import type { Vault } from '../secret/vault.ts'
import { openSink } from '../sink/open.ts'
import type { Sink } from '../sink/sink.ts'
import { checkSinkUrl } from '../sink/url.ts'
import type { ConnectorStore } from '../store/store.ts'
import { CONNECTOR_ID_PATTERN, DEFAULT_CONNECTOR_ID } from './connector-id.ts'
import { outputFolder } from './output-folder.ts'

export interface ConnectorDeps {
  readonly connectors: ConnectorStore
  readonly vault: Vault
  /** Below which connectors of type `file` append: `HomePaths.output`. */
  readonly output: string
  readonly now?: () => EpochMs
}

export interface ConnectorRegistry {
  /** Where a connector points; `default` is a file until it is set. Rejects with UNKNOWN_NAME. */
  resolve(id: string): Promise<ConnectorRow>
  list(): Promise<readonly ConnectorRow[]>
  /** Checks and stores. A token goes to the vault as `connector.<id>.token`; null keeps what `tokenSecret` names. */
  set(id: string, config: ConnectorConfig, token: string | null): Promise<ConnectorRow>
  /** Forgets a connector and its token. Rejects with UNKNOWN_NAME. */
  remove(id: string): Promise<void>
  /** For the sender's `openSinkFor`. */
  open(id: string): Promise<Sink>
}

/** Name of the secret that holds a connector's token. */
function tokenSecretName(id: string): string {
  return `connector.${id}.token`
}

function badConnector(place: string, expected: string, got: string, remedy: string): DffError {
  return new DffError({ code: 'BAD_PARAMETER', place, expected, got, remedy })
}

function unknownConnector(id: string, known: readonly string[]): DffError {
  const near = closestName(id, known)
  return new DffError({
    code: 'UNKNOWN_NAME',
    place: `connector ${id}`,
    expected: known.length === 0 ? 'a connector that was set' : `one of ${known.join(', ')}`,
    got: 'a connector that is not set',
    remedy: near === undefined ? `Set it with: dff connector set ${id}` : `Did you mean ${near}?`,
  })
}

/** Nothing is stored unless all of it holds: the id, the shape, the address, and a token exactly where one is used. */
async function checkConnector(
  id: string,
  given: ConnectorConfig,
  token: string | null,
): Promise<ConnectorConfig> {
  const place = `connector ${id}`
  if (!CONNECTOR_ID_PATTERN.test(id)) {
    throw badConnector(
      'connector id',
      'letters, digits, dashes and underscores',
      'another name',
      'Choose such a name.',
    )
  }
  const named =
    given.type === 'dataway' && token !== null ? { ...given, tokenSecret: tokenSecretName(id) } : given
  const config = validate('connector', named, place)
  if (config.type !== 'dataway' && token !== null) {
    throw badConnector(
      place,
      `no token for ${config.type}`,
      'a token',
      'Leave it out, or use the type dataway.',
    )
  }
  if (config.type !== 'file') await checkSinkUrl(config.url, `${place}: url`)
  return config
}

/** The bound is about this machine's disk, so it outlives a change of address. */
function keepBound(config: ConnectorConfig, before: ConnectorConfig | undefined): ConnectorConfig {
  const maxBacklogMb = config.maxBacklogMb ?? before?.maxBacklogMb
  return maxBacklogMb === undefined ? config : { ...config, maxBacklogMb }
}

/** What the store does is kept as it was told, unless something else is said: a new token does not make it another store. */
function keepTraits(config: ConnectorConfig, before: ConnectorConfig | undefined): ConnectorConfig {
  if (config.type === 'file' || before === undefined || before.type !== config.type) return config
  if (before.url !== config.url) return config
  const isTold = config.rewrite !== undefined || config.mergesFields !== undefined
  const { rewrite, mergesFields, retentionHours } = before
  return {
    ...(isTold || rewrite === undefined ? {} : { rewrite }),
    ...(isTold || mergesFields === undefined ? {} : { mergesFields }),
    ...(retentionHours === undefined ? {} : { retentionHours }),
    ...config,
  }
}

/** The connectors of a home. */
export function createConnectorRegistry(deps: ConnectorDeps): ConnectorRegistry {
  const { connectors, vault, output } = deps
  async function list(): Promise<readonly ConnectorRow[]> {
    const rows = (await connectors.list()).map((row) => ({ ...row, isImplicit: false }))
    if (rows.some((row) => row.id === DEFAULT_CONNECTOR_ID)) return rows
    return [{ id: DEFAULT_CONNECTOR_ID, config: { type: 'file' }, isImplicit: true }, ...rows]
  }
  async function resolve(id: string): Promise<ConnectorRow> {
    const rows = await list()
    const row = rows.find((candidate) => candidate.id === id)
    if (row !== undefined) return row
    throw unknownConnector(
      id,
      rows.map((candidate) => candidate.id),
    )
  }
  return {
    list,
    resolve,
    async set(id, given, token) {
      const checked = await checkConnector(id, given, token)
      const before = (await list()).find((row) => row.id === id)?.config
      const config = keepBound(keepTraits(checked, before), before)
      // The token first: a connector must never name a secret that is not there.
      if (token !== null) await vault.set(tokenSecretName(id), token, null)
      else if (config.type === 'dataway') await vault.read(config.tokenSecret)
      await connectors.put(id, config)
      return { id, config, isImplicit: false }
    },
    async remove(id) {
      const { isImplicit } = await resolve(id)
      if (isImplicit) throw unknownConnector(id, [])
      await connectors.remove(id)
      await vault.forget(tokenSecretName(id))
    },
    async open(id) {
      const { config } = await resolve(id)
      const now = deps.now === undefined ? {} : { now: deps.now }
      return openSink(config, {
        output: outputFolder(output, id),
        readToken: (name) => vault.read(name),
        ...now,
      })
    },
  }
}
