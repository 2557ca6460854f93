import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { echoLine } from '../../simulator/receiver/echo.ts'
import { parseLines } from '../../simulator/receiver/line-protocol.generated.ts'

/** Names as a careful client sends them: not empty, no line breaks, no backslash at the end, no comment. */
const name = fc
  .string({
    unit: fc.constantFrom('a', 'b', ',', '=', ' ', '\\', '"', '#', '.', '名', '🙂'),
    minLength: 1,
    maxLength: 12,
  })
  .filter((text) => !text.endsWith('\\') && !text.startsWith('#'))

const value = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.boolean(),
  fc.string({ unit: fc.constantFrom('a', ',', '=', ' ', '\\', '"', '\n', '\r', '名') }),
)

const point = fc.record({
  category: fc.constant('metric'),
  measurement: name,
  tags: fc.dictionary(name, name, { maxKeys: 4, noNullPrototype: true }),
  fields: fc.dictionary(name, value, { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
  timeNs: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
})

describe('the line protocol grammar', () => {
  it('reads back whatever can be written', () => {
    fc.assert(
      fc.property(fc.array(point, { minLength: 1, maxLength: 5 }), (points) => {
        const parsed = parseLines(points.map(echoLine).join('\n'))
        expect(parsed).toEqual(
          points.map(({ measurement, tags, fields, timeNs }) => ({
            measurement,
            tags: Object.entries(tags),
            fields: Object.entries(fields).map(([key, each]) => [key, Object.is(each, -0) ? 0 : each]),
            time: timeNs,
          })),
        )
      }),
      { numRuns: 300 },
    )
  })

  it.each([
    [String.raw`m,t=a\\,b f=1`, String.raw`a\,b`],
    [String.raw`m,t=C:\dir f=1`, String.raw`C:\dir`],
    [String.raw`m,t=a\=b f=1`, 'a=b'],
  ])('reads the tag of %s as %s', (line, expected) => {
    expect(parseLines(line)[0]?.tags).toEqual([['t', expected]])
  })

  it('takes empty lines, comments, CRLF and a missing time', () => {
    const lines = parseLines('\n# comment\r\n  \nm f=1\r\n\n  # another\nn f=2 17')
    expect(lines.map(({ measurement, time }) => [measurement, time])).toEqual([
      ['m', null],
      ['n', 17n],
    ])
  })

  it('keeps repetitions and order for the rules to judge', () => {
    expect(parseLines('m,b=1,a=2,b=3 f=1,f=2')[0]).toMatchObject({
      tags: [
        ['b', '1'],
        ['a', '2'],
        ['b', '3'],
      ],
      fields: [
        ['f', 1],
        ['f', 2],
      ],
    })
  })

  it('tells the place of the first mistake', () => {
    let location: unknown
    try {
      parseLines('m f=1\nm,t f=1')
    } catch (error) {
      location = (error as { location: { start: object } }).location.start
    }
    expect(location).toMatchObject({ line: 2, column: 4 })
  })
})
