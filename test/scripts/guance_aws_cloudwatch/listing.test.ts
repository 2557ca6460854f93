import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ListedIdentity } from '../../../scripts/guance_aws_cloudwatch/list-series.ts'
import { decodeListing, encodeListing } from '../../../scripts/guance_aws_cloudwatch/listing.ts'
import { identityOf } from '../../../scripts/guance_aws_cloudwatch/series.ts'

const word = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom('a,b', 'it"s', '函数', '', '$LATEST', 'f:1'),
)
const identity: fc.Arbitrary<ListedIdentity> = fc.record({
  dimensions: fc
    .uniqueArray(fc.record({ name: word, value: word }), { maxLength: 4, selector: ({ name }) => name })
    .map((dimensions) => dimensions.toSorted((left, right) => (left.name < right.name ? -1 : 1))),
  metrics: fc.uniqueArray(word, { minLength: 1, maxLength: 5 }).map((metrics) => metrics.toSorted()),
})
const identities = fc.uniqueArray(identity, { maxLength: 40, selector: identityOf })

function sorted(list: readonly ListedIdentity[]): readonly ListedIdentity[] {
  return list.toSorted((left, right) => (identityOf(left) < identityOf(right) ? -1 : 1))
}

/** A region of many functions as AWS lists it: two dimension sets each, a dozen metrics. */
function largeRegion(functions: number): readonly ListedIdentity[] {
  const metrics = Array.from({ length: 12 }, (_, index) => `Metric${index}`)
  return Array.from({ length: functions }, (_, index) => {
    const name = `checkout-service-production-handler-${index}`
    return [
      { dimensions: [{ name: 'FunctionName', value: name }], metrics },
      {
        dimensions: [
          { name: 'FunctionName', value: name },
          { name: 'Resource', value: name },
        ],
        metrics,
      },
    ]
  }).flat()
}

describe('a stored listing', () => {
  it('gives back every identity with its metrics', () => {
    fc.assert(
      fc.property(identities, (given) => {
        const stored = JSON.parse(JSON.stringify(encodeListing(given))) as ReturnType<typeof encodeListing>
        expect(sorted(decodeListing(stored))).toEqual(sorted(given))
      }),
    )
  })

  it('is the same for the same list in another order, so that nothing is written again', () => {
    fc.assert(
      fc.property(identities, (given) => {
        expect(encodeListing(given.toReversed())).toEqual(encodeListing(given))
      }),
    )
  })

  it('holds 10,000 functions with 24 series each in values below 1 MB, of less than 150 bytes a function', () => {
    const large = largeRegion(10_000)
    const chunks = encodeListing(large)
    const bytes = chunks.map((chunk) => Buffer.byteLength(JSON.stringify(chunk)))
    expect(Math.max(...bytes)).toBeLessThan(1_000_000)
    expect(bytes.reduce((sum, one) => sum + one, 0) / 10_000).toBeLessThan(150)
    expect(decodeListing(chunks)).toHaveLength(large.length)
  })
})
