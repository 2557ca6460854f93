import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Window } from '../../../core/dff.ts'
import { FOREVER_MS } from '../../../scripts/guance_aws_cloudwatch/digest-ranges.ts'
import { fingerprintOf } from '../../../scripts/guance_aws_cloudwatch/identity.ts'
import { decodeLedger, encodeLedger, type Entry } from '../../../scripts/guance_aws_cloudwatch/ledger.ts'

const MINUTE_MS = 60_000
const minute = fc.nat(30_000_000).map((number) => number * MINUTE_MS)
const range = fc.tuple(minute, minute).map(([startMs, endMs]): Window => ({ startMs, endMs }))
const tags = fc.constantFrom<Record<string, string>>({}, { Runtime: 'nodejs24.x' }, { Runtime: '中文, "a"' })

const fields = fc.constantFrom('', 'Duration\tp90', 'Duration\tp90\nErrors\tSum')

const hole = fc.tuple(range, fields).map(([window, lacking]) => ({ ...window, fields: lacking }))
const holes = fc.array(hole, { maxLength: 2 })

const entryArbitrary: fc.Arbitrary<Entry> = fc.record(
  {
    throughMs: minute,
    polledMs: minute,
    firstMs: minute,
    fields,
    former: fc.array(fc.record({ untilMs: minute, fields }), { maxLength: 2 }),
    missing: fields,
    holes,
    elsewhere: holes,
    begun: fc.array(
      fc.tuple(hole, tags).map(([one, given]) => ({ ...one, tags: given })),
      { minLength: 1, maxLength: 2 },
    ),
    tags,
    past: fc.array(fc.record({ untilMs: minute, tags }), { maxLength: 2 }),
    waits: fc.nat(3),
    gaps: fc.array(range, { maxLength: 2 }),
    done: fc.array(range, { maxLength: 1 }),
    told: fc.record({ minutes: fc.nat(), firstMs: minute, lastMs: minute }, { noNullPrototype: true }),
    goneMs: minute,
    aliveMs: minute,
  },
  {
    requiredKeys: [
      'throughMs',
      'polledMs',
      'firstMs',
      'fields',
      'former',
      'missing',
      'holes',
      'elsewhere',
      'tags',
      'past',
      'waits',
      'gaps',
      'done',
    ],
    noNullPrototype: true,
  },
)

const NEVER = { auditedMs: 0, triedMs: 0, polledMs: 0 }

describe('a ledger', () => {
  it('comes back as it was stored', () => {
    fc.assert(
      fc.property(
        fc.array(entryArbitrary, { maxLength: 30 }),
        fc.tuple(minute, minute, minute),
        (entries, [auditedMs, triedMs, polledMs]) => {
          const ledger = {
            entries: new Map(entries.map((entry, index) => [fingerprintOf(`f${index}`), entry])),
            auditedMs,
            triedMs,
            polledMs,
            hours: [1, 2, 3],
            kept: [
              { startMs: 0, endMs: MINUTE_MS },
              { startMs: 3 * MINUTE_MS, endMs: FOREVER_MS },
            ],
          }
          const stored = JSON.parse(JSON.stringify(encodeLedger(ledger)))
          const read = decodeLedger(stored)
          expect(read).toEqual(ledger)
        },
      ),
    )
  })

  it('costs a few bytes an identity while all are alike', () => {
    const entry: Entry = {
      throughMs: 29_000_000 * MINUTE_MS,
      polledMs: 29_000_000 * MINUTE_MS,
      firstMs: 28_000_000 * MINUTE_MS,
      fields: 'Duration\tp90',
      former: [],
      missing: '',
      holes: [],
      elsewhere: [],
      tags: { Runtime: 'nodejs24.x', account_name: 'AWS_Lambda' },
      past: [],
      waits: 0,
      gaps: [],
      done: [],
    }
    const entries = new Map(Array.from({ length: 157 }, (_, index) => [fingerprintOf(`f${index}`), entry]))
    const bytes = JSON.stringify(encodeLedger({ entries, ...NEVER, hours: [], kept: undefined })).length
    expect(bytes).toBeLessThan(157 * 6 + 500)
  })

  it('is undefined before the first commit', () => {
    expect(decodeLedger(undefined)).toBeUndefined()
  })
})
