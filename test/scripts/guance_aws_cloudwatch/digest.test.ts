import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeHour,
  digestOf,
  encodeHour,
  hourOf,
  type LineDigest,
} from '../../../scripts/guance_aws_cloudwatch/digest.ts'

const fieldsArbitrary = fc.dictionary(
  fc.stringMatching(/^[A-Z][a-z]{1,8}_(Sum|p99)$/),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  { maxKeys: 8, noNullPrototype: true },
)

describe('a digest', () => {
  it('is that of the fields, whatever their order, and 24 bits', () => {
    fc.assert(
      fc.property(fieldsArbitrary, (fields) => {
        const reversed = Object.fromEntries(Object.entries(fields).toReversed())
        expect(digestOf(reversed)).toBe(digestOf(fields))
        expect(digestOf(fields)).toBeLessThan(2 ** 24)
        expect(digestOf(fields)).toBeGreaterThanOrEqual(0)
      }),
    )
  })

  it('of a line with another field is that of both parts', () => {
    fc.assert(
      fc.property(fieldsArbitrary, fc.double({ noNaN: true }), (fields, value) => {
        const added = { Extra_Average: value }
        expect(digestOf({ ...fields, ...added })).toBe(digestOf(fields) ^ digestOf(added))
      }),
    )
  })

  it('differs for values, fields and minutes of small counts', () => {
    const digests = new Set<number>()
    for (let value = 0; value < 2_000; value += 1) {
      digests.add(digestOf({ Errors_Sum: value }))
      digests.add(digestOf({ Invocations_Sum: value }))
    }
    // Of 4,000 values in 16 million places, half a pair is expected to meet.
    expect(digests.size).toBeGreaterThan(3_995)
    expect(digestOf({ Errors_Sum: 0 })).toBe(digestOf({ Errors_Sum: -0 }))
  })
})

describe('the digests of an hour', () => {
  it('come back as they were stored, five letters each, and of a full hour little more than four', () => {
    const hour = hourOf(Date.parse('2026-11-23T12:00:00Z'))
    const minutes = fc.uniqueArray(fc.tuple(fc.nat(59), fc.nat(2 ** 24 - 1)), {
      selector: ([minute]) => minute,
      maxLength: 60,
      size: 'large',
    })
    fc.assert(
      fc.property(minutes, (pairs) => {
        const digests = new Map(pairs.map(([minute, digest]) => [hour * 3_600_000 + minute * 60_000, digest]))
        const text = encodeHour(hour, new Map([...digests, [(hour + 1) * 3_600_000, 1], [0, 2]]))
        expect(text).toHaveLength(Math.min(5 * pairs.length, 11 + 4 * pairs.length))
        const read = new Map<number, LineDigest>()
        decodeHour(hour, text, read)
        expect(read).toEqual(digests)
      }),
    )
  })
})
