import type { ConnectorConfig } from '../../core/schema-types.generated.ts'
import type { EpochMs } from '../../core/time.ts'
import { openDatakitSink } from './datakit.ts'
import { openDatawaySink } from './dataway.ts'
import { openFileSink } from './file.ts'
import type { Sink } from './sink.ts'

export interface SinkDeps {
  /** Folder of the connector `file`. */
  readonly output: string
  /** Reads a stored secret; rejects when it is missing. */
  readonly readToken: (secretName: string) => Promise<string>
  readonly now?: () => EpochMs
}

/** Opens what a connector points at; rejects with BAD_PARAMETER for a forbidden address and NO_SECRET without its token. */
export async function openSink(config: ConnectorConfig, deps: SinkDeps): Promise<Sink> {
  if (config.type === 'file') return openFileSink(deps.output, deps.now)
  if (config.type === 'datakit') return openDatakitSink(config.url)
  return openDatawaySink(config.url, await deps.readToken(config.tokenSecret))
}
