import fc from 'fast-check'
import { CATEGORIES, type Point } from '../../../core/point.ts'

/** Short texts thick with what breaks line protocol: separators, quotes, backslashes, line breaks, wide characters. */
const nasty = fc
  .array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom(
          ' ',
          ',',
          '=',
          '"',
          '\\',
          '\n',
          '\r',
          '\t',
          '\u0000',
          '.',
          '#',
          '中',
          '𝒳',
          '\ud800',
        ),
      },
      { weight: 2, arbitrary: fc.constantFrom('a', 'b', 'class', 'date', 'source', 'message', 'i', '1') },
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''))

const text = fc.oneof(nasty, fc.string({ unit: 'binary', maxLength: 12 }))

const value = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
  text,
  fc.boolean(),
)

/** Any point a script could hand over, sensible or not. */
export const arbitraryPoint: fc.Arbitrary<Point> = fc.record({
  category: fc.constantFrom(...CATEGORIES),
  measurement: text,
  tags: fc.dictionary(text, text, { maxKeys: 5 }),
  fields: fc.dictionary(text, value, { maxKeys: 5 }),
  timeMs: fc.oneof(fc.integer({ min: -1e12, max: 4e12 }), fc.double({ min: 0, max: 4e12, noNaN: true })),
})
