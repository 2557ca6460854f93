import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { echoLine } from '../../simulator/receiver/echo.ts'
import { parseLines } from '../../simulator/receiver/line-protocol.generated.ts'
import { parsePlainLines } from '../../simulator/receiver/plain-line.ts'

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

describe('the short way for plain lines', () => {
  const grammar = (body: string): unknown => {
    try {
      return parseLines(body)
    } catch {
      return 'refused'
    }
  }
  const pieces = [
    'm',
    'a',
    ',',
    '=',
    '"',
    '#',
    '\\',
    '\n',
    '\t',
    '\r',
    '0',
    '17',
    '-',
    '+',
    '.',
    'e',
    '9e9',
    '1e400',
    '名',
    ' ',
  ]
  const anything = fc.array(fc.constantFrom(...pieces), { maxLength: 14 }).map((parts) => parts.join(''))
  const number = fc.stringMatching(/^[-+]?\d{1,20}(\.\d{0,3})?(e[-+]?\d{1,3})?$/)
  const near = fc
    .tuple(
      fc.constantFrom('m', 'a b', 'm,t=v', 'm,t='),
      fc.oneof(number, anything),
      fc.constantFrom('1', '', '12x', '9'.repeat(19), '1700000000000000000'),
    )
    .map(([head, written, time]) => `${head} f=${written} ${time}`)

  it('reads what the grammar reads, or leaves it to the grammar', () => {
    let taken = 0
    fc.assert(
      fc.property(fc.oneof(anything, near), (body) => {
        const plain = parsePlainLines(body)
        taken += plain === undefined ? 0 : 1
        expect(plain ?? grammar(body)).toEqual(grammar(body))
      }),
      { numRuns: 5_000 },
    )
    expect(taken).toBeGreaterThan(100)
  })

  it('takes every metric line of a collector', () => {
    const line =
      'aws_AWS/Lambda,FunctionName=a-1,RegionId=us-east-1 Duration_p99_9=1.5e-7,Errors_Sum=0 1700000000000000000'
    expect(parsePlainLines(`${line}\n${line}\n`)).toEqual(parseLines(`${line}\n${line}\n`))
  })
})
