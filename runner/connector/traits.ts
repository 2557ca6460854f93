import { createHash } from 'node:crypto'
import type { SinkTraits } from '../../core/script.ts'
import type { ConnectorConfig } from '../../core/schema-types.generated.ts'

/** 48 bits tell the few stores of a home apart. */
const STORE_DIGITS = 12

/**
 * Where points go, without saying where: kept with what a script remembers of them. Two connectors are two stores, also
 * of one address: workspaces share DataWay's, and each file connector has a folder of its own.
 */
function storeOf(config: ConnectorConfig, id: string): string {
  const place = config.type === 'file' ? '' : config.url
  return createHash('sha256')
    .update(JSON.stringify([id, config.type, place]))
    .digest('hex')
    .slice(0, STORE_DIGITS)
}

/** Of files the reader sees the last line of a series and timestamp last, and takes that one. */
const FILE_TRAITS: SinkTraits = { rewrite: 'last', mergesFields: false }

/** What the store behind a connector does with a rewrite and how old a point it takes: as configured; unknown until somebody found out. */
export function sinkTraits(config: ConnectorConfig, id: string): SinkTraits {
  const store = storeOf(config, id)
  if (config.type === 'file') return { ...FILE_TRAITS, store }
  const { rewrite = 'unknown', mergesFields = false, retentionHours = 0 } = config
  return { rewrite, mergesFields, ...(retentionHours === 0 ? {} : { retentionHours }), store }
}

/** `rewrite last, merges fields, takes 72 h back`: for a connector that was told what its store does; undefined while that is unknown. */
export function describeTraits(config: ConnectorConfig): string | undefined {
  if (config.type === 'file') return undefined
  const { rewrite = 'unknown', mergesFields = false, retentionHours = 0 } = config
  const parts = [
    ...(rewrite === 'unknown' ? [] : [`rewrite ${rewrite}`]),
    ...(mergesFields ? ['merges fields'] : []),
    ...(retentionHours === 0 ? [] : [`takes ${retentionHours} h back`]),
  ]
  return parts.length === 0 ? undefined : parts.join(', ')
}
