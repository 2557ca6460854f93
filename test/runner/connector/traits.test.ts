import { describe, expect, it } from 'vitest'
import type { ConnectorConfig } from '../../../core/schema-types.generated.ts'
import { describeTraits, sinkTraits } from '../../../runner/connector/traits.ts'

const DATAKIT: ConnectorConfig = { type: 'datakit', url: 'http://127.0.0.1:9529' }

describe('what a store does', () => {
  it.each([
    [{ type: 'file' }, { rewrite: 'last', mergesFields: false }, undefined],
    [DATAKIT, { rewrite: 'unknown', mergesFields: false }, undefined],
    [{ ...DATAKIT, rewrite: 'unknown' }, { rewrite: 'unknown', mergesFields: false }, undefined],
    [{ ...DATAKIT, rewrite: 'both' }, { rewrite: 'both', mergesFields: false }, 'rewrite both'],
    [{ ...DATAKIT, mergesFields: true }, { rewrite: 'unknown', mergesFields: true }, 'merges fields'],
    [
      { ...DATAKIT, rewrite: 'last', retentionHours: 72 },
      { rewrite: 'last', mergesFields: false, retentionHours: 72 },
      'rewrite last, takes 72 h back',
    ],
    [{ ...DATAKIT, retentionHours: 0 }, { rewrite: 'unknown', mergesFields: false }, undefined],
  ] as const)('is read from %j', (config, traits, text) => {
    expect(sinkTraits(config, 'default')).toEqual({ ...traits, store: expect.any(String) as string })
    expect(describeTraits(config)).toBe(text)
  })

  it('is known by where its points go, whatever else is said of it', () => {
    const { store } = sinkTraits(DATAKIT, 'default')
    expect(sinkTraits({ ...DATAKIT, rewrite: 'last' }, 'default').store).toBe(store)
    expect(sinkTraits({ ...DATAKIT, url: 'http://127.0.0.1:9530' }, 'default').store).not.toBe(store)
    expect(sinkTraits({ type: 'file' }, 'default').store).not.toBe(store)
  })

  it.each([
    [{ type: 'file' }],
    // Workspaces of one DataWay are told apart by their tokens alone.
    [{ type: 'dataway', url: 'https://openway.guance.com', tokenSecret: 'token' }],
  ] as const)('of two connectors is not the same, also where both are %j', (config) => {
    expect(sinkTraits(config, 'default').store).not.toBe(sinkTraits(config, 'staging').store)
  })
})
