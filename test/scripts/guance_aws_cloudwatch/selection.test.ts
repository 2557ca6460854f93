import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CloudwatchConfigs } from '../../../core/dff.ts'
import { Selection, toSeries } from '../../../scripts/guance_aws_cloudwatch/selection.ts'
import { identityOf, type Series, sortNames } from '../../../scripts/guance_aws_cloudwatch/series.ts'
import { compileConfigs } from '../../../scripts/guance_aws_cloudwatch/targets.ts'

const NAMESPACES = ['AWS/Lambda', 'Made/Up']
const METRICS = ['Errors', 'Invocations', 'ProvisionedConcurrentExecutions', 'BrandNew']
const NAMES = ['FunctionName', 'Resource', 'ExecutedVersion', 'Other']

function arbitraryListing(namespace: string): fc.Arbitrary<readonly Series[]> {
  const one = fc.record({
    metric: fc.constantFrom(...METRICS),
    names: fc.subarray(NAMES),
    value: fc.constantFrom('a', 'b, "c"', '函数'),
  })
  return fc.array(one, { maxLength: 40 }).map((all) =>
    all.map(({ metric, names, value }) => ({
      namespace,
      metric,
      dimensions: sortNames(names).map((name) => ({ name, value })),
    })),
  )
}

const arbitraryChoice: fc.Arbitrary<{
  readonly grains: NonNullable<CloudwatchConfigs['grains']>
  readonly metrics: string[]
}> = fc.record({
  grains: fc.constantFrom('default', 'all'),
  metrics: fc.constantFrom(['ALL'], ['NOT', 'Errors'], ['Errors', 'Invocations']),
})

function keysOf(series: readonly Series[]): ReadonlySet<string> {
  return new Set(series.map((one) => `${one.metric} ${identityOf(one)}`))
}

describe('a selection', () => {
  it('takes of a listing in pages what targets take of it as a whole, each series once', () => {
    fc.assert(
      fc.property(
        fc
          .constantFrom(...NAMESPACES)
          .chain((namespace) =>
            fc.tuple(
              fc.constant(namespace),
              arbitraryListing(namespace),
              arbitraryChoice,
              fc.integer({ min: 1, max: 7 }),
            ),
          ),
        ([namespace, listing, { grains, metrics }, pageSize]) => {
          const targets = [{ namespace, metrics, allowUnknownMetrics: true }]
          const [target] = compileConfigs({ regions: ['us-east-1'], targets, grains }).namespaces
          if (target === undefined) throw new Error('no target')
          const selection = new Selection(target)
          for (let at = 0; at < listing.length; at += pageSize) {
            selection.add(listing.slice(at, at + pageSize))
          }
          const taken = toSeries(namespace, selection.finish())
          expect(keysOf(taken)).toEqual(keysOf(target.select(listing)))
          expect(taken).toHaveLength(keysOf(taken).size)
          expect(selection.listed).toBe(listing.length)
        },
      ),
    )
  })

  it('is another one for other targets, grains or dimension sets, and the same for the same', () => {
    const selectionOf = (more: Partial<CloudwatchConfigs>, metrics: string[] = ['Errors']) =>
      compileConfigs({ regions: ['us-east-1'], targets: [{ namespace: 'AWS/Lambda', metrics }], ...more })
        .namespaces[0]?.selection
    const dimensions = [{ namespace: 'AWS/Lambda', metrics: ['Errors'], dimensions: [] }]
    const all = [
      selectionOf({}),
      selectionOf({ grains: 'all' }),
      selectionOf({}, ['Errors', 'Throttles']),
      selectionOf({ targets: dimensions }),
    ]
    expect(new Set(all).size).toBe(all.length)
    expect(selectionOf({ statistics: 'upstream' })).toBe(all[0])
  })
})
