import type { SinkTraits } from '../../core/script.ts'
import type { ConnectorConfig } from '../../core/schema-types.generated.ts'

/** Of files the reader sees the last line of a series and timestamp last, and takes that one. */
const FILE_TRAITS: SinkTraits = { rewrite: 'last', mergesFields: false }

/** What the store behind a connector does with a rewrite: as configured; unknown until somebody found out. */
export function sinkTraits(config: ConnectorConfig): SinkTraits {
  if (config.type === 'file') return FILE_TRAITS
  return { rewrite: config.rewrite ?? 'unknown', mergesFields: config.mergesFields ?? false }
}

/** `rewrite last, merges fields`: for a connector that was told what its store does; undefined while that is unknown. */
export function describeTraits(config: ConnectorConfig): string | undefined {
  if (config.type === 'file') return undefined
  const { rewrite, mergesFields } = sinkTraits(config)
  const parts = [
    ...(rewrite === 'unknown' ? [] : [`rewrite ${rewrite}`]),
    ...(mergesFields ? ['merges fields'] : []),
  ]
  return parts.length === 0 ? undefined : parts.join(', ')
}
