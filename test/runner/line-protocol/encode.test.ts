import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FieldValue, Point } from '../../../core/point.ts'
import { encodeLine } from '../../../runner/line-protocol/encode.ts'
import { normalisePoint } from '../../../runner/line-protocol/normalise.ts'
import { parseLines } from '../../../simulator/receiver/line-protocol.generated.ts'
import { arbitraryPoint } from './arbitrary-point.ts'

const TIME_MS = 1_795_000_000_000

function makePoint(changes: Partial<Point>): Point {
  return { category: 'metric', measurement: 'm', tags: {}, fields: { f: 1 }, timeMs: TIME_MS, ...changes }
}

function encode(changes: Partial<Point>): string | undefined {
  return encodeLine(makePoint(changes))?.replace(` ${TIME_MS}000000`, '')
}

describe('a line', () => {
  it('has sorted tags, floats, and the time in nanoseconds', () => {
    const line = encodeLine({
      category: 'metric',
      measurement: 'aws_AWS/Lambda',
      tags: { name: 'my fn,1=a', RegionId: 'us-east-1', Dimensions: 'FunctionName,Resource' },
      fields: { Errors_Sum: 3, Duration_p99_9: 12.5, Tiny: 5e-324, Big: 1e21 },
      timeMs: TIME_MS,
    })
    expect(line).toBe(
      'aws_AWS/Lambda,Dimensions=FunctionName\\,Resource,RegionId=us-east-1,name=my\\ fn\\,1\\=a ' +
        'Errors_Sum=3,Duration_p99_9=12.5,Tiny=5e-324,Big=1e+21 1795000000000000000',
    )
  })

  it('writes times before 1970, at 0 and between milliseconds as whole nanoseconds', () => {
    const timeOf = (timeMs: number): string | undefined =>
      encodeLine(makePoint({ timeMs }))?.split(' ').at(-1)
    expect([-5, 0, -0, 1.4].map(timeOf)).toEqual(['-5000000', '0', '0', '1000000'])
    expect([Number.NaN, Infinity, 1e13].map(timeOf)).toEqual([undefined, undefined, undefined])
  })

  it('writes bigint as integer, and text and truth outside metrics', () => {
    const fields = { n: 42n, s: 'a "b" \\ c', b: true, date: 'x', class: 'y' }
    expect(encode({ category: 'custom_object', fields })).toBe('m n=42i,s="a \\"b\\" \\\\ c",b=true')
  })

  it('leaves out what no reader takes, and is nothing when no field is left', () => {
    const none: Record<string, FieldValue> = {
      a: Number.NaN,
      b: Infinity,
      c: 2n ** 63n,
      d: 'text',
      e: true,
      '': 1,
    }
    expect(encode({ fields: none })).toBeUndefined()
    expect(encode({ fields: { ...none, ok: 0 }, tags: { empty: '', '': 'x', t: '\\' } })).toBe('m ok=0')
  })

  it('drops a field whose key is a tag already, also when they meet only after cleaning', () => {
    expect(encode({ tags: { a: '1' }, fields: { a: 1, b: 2 } })).toBe('m,a=1 b=2')
    expect(encode({ category: 'logging', tags: { 'a.b': '1' }, fields: { a_b: 1, b: 2 } })).toBe(
      'm,a_b=1 b=2',
    )
  })

  it('keeps dots in keys of metrics only', () => {
    const changes = { tags: { 'a.b': 'x.y' }, fields: { 'p99.9': 1 } }
    expect(encode(changes)).toBe('m,a.b=x.y p99.9=1')
    expect(encode({ ...changes, category: 'custom_object' })).toBe('m,a_b=x.y p99_9=1')
  })

  it('drops the keys that a category keeps for itself', () => {
    const tags = { class: 'a', source: 'b', date: 'c' }
    expect(encode({ tags })).toBe('m,class=a,date=c,source=b f=1')
    expect(encode({ tags, category: 'custom_object' })).toBe('m,source=b f=1')
    expect(encode({ tags, category: 'logging' })).toBe('m,class=a f=1')
  })

  it('turns line breaks and control characters into spaces, except in the field message', () => {
    const tags = { 'k\n1': 'a\r\nb\tc' }
    const fields = { message: 'line 1\nline 2', other: 'line 1\nline 2' }
    expect(encode({ category: 'logging', measurement: 'a\nb', tags, fields })).toBe(
      'a\\ b,k\\ 1=a\\ \\ b\\ c message="line 1\nline 2",other="line 1 line 2"',
    )
  })

  it('keeps a backslash only where every reader agrees on it', () => {
    const tags = { a: 'C:\\temp', b: 'x\\\\y', c: 'x\\,y', d: 'end\\\\', e: 'a\\ b' }
    expect(encode({ tags })).toBe('m,a=C:\\temp,b=x\\y,c=x\\,y,d=end,e=a\\ b f=1')
  })

  it('never begins like a comment and always has a measurement', () => {
    expect(encode({ measurement: '#m' })).toBe('_m f=1')
    expect(encode({ measurement: '' })).toBe('__default f=1')
  })

  it('cuts names by bytes without breaking a character, and marks a value that was cut', () => {
    const wire = normalisePoint(
      makePoint({ measurement: '中'.repeat(400), tags: { ['é'.repeat(200)]: `a${'𝒳'.repeat(300)}` } }),
    )
    const [tag] = wire?.tags ?? []
    expect(wire?.measurement).toBe('中'.repeat(341))
    expect(tag?.[0]).toBe('é'.repeat(128))
    expect(tag?.[1]).toBe(`a${'𝒳'.repeat(255)}…`)
  })

  it('keeps at most 256 tags and 1,024 fields', () => {
    const many = <Value>(count: number, value: Value): Record<string, Value> =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, value]))
    const wire = normalisePoint(makePoint({ tags: many(300, 'x'), fields: { ...many(3_000, 1) } }))
    expect([wire?.tags.length, wire?.fields.length]).toEqual([256, 1024])
  })
})

describe('the round trip through an independent strict parser', () => {
  it('reads back exactly the normalised point, whatever a script hands over', () => {
    fc.assert(
      fc.property(fc.array(arbitraryPoint, { maxLength: 4 }), (points) => {
        const wires = points.flatMap((point) => normalisePoint(point) ?? [])
        const body = points.flatMap((point) => encodeLine(point) ?? []).join('\n')
        expect(parseLines(body)).toEqual(
          wires.map(({ measurement, tags, fields, timeMs }) => ({
            measurement,
            tags,
            fields,
            time: BigInt(timeMs) * 1_000_000n,
          })),
        )
      }),
      { numRuns: 3_000 },
    )
  })

  it('normalises to what every reader takes: unique sorted keys, nothing empty, nothing a tag and a field', () => {
    fc.assert(
      fc.property(arbitraryPoint, (point) => {
        const wire = normalisePoint(point)
        if (wire === undefined) return
        const tagKeys = wire.tags.map((tag) => tag[0])
        const keys = [...tagKeys, ...wire.fields.map((field) => field[0])]
        expect(new Set(keys).size).toBe(keys.length)
        expect(tagKeys).toEqual(tagKeys.toSorted())
        const names = [wire.measurement, ...keys, ...wire.tags.map((tag) => tag[1])]
        // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
        for (const name of names) expect(name).toMatch(/^[^\u0000-\u001f\u007f]*[^\u0000-\u001f\u007f\\]$/)
      }),
      { numRuns: 2_000 },
    )
  })

  it('changes nothing when it is applied to its own result', () => {
    fc.assert(
      fc.property(arbitraryPoint, (point) => {
        const wire = normalisePoint(point)
        if (wire === undefined) return
        const tags = Object.fromEntries(wire.tags)
        const fields = Object.fromEntries(wire.fields)
        const again = normalisePoint({ ...wire, category: point.category, tags, fields })
        expect(again).toEqual({ ...wire, fields: again?.fields })
        expect(Object.fromEntries(again?.fields ?? [])).toEqual(fields)
      }),
      { numRuns: 1_000 },
    )
  })

  it('takes names that every object has like any other', () => {
    const names = JSON.parse('{"__proto__":"p","constructor":"c","toString":"t"}') as Record<string, string>
    const fields = JSON.parse('{"hasOwnProperty":1,"valueOf":2}') as Record<string, number>
    const point = { category: 'metric', measurement: '__proto__', tags: names, fields, timeMs: 1 } as const
    expect(encodeLine(point)).toBe(
      '__proto__,__proto__=p,constructor=c,toString=t hasOwnProperty=1,valueOf=2 1000000',
    )
    expect(({} as { constructor: unknown }).constructor).toBe(Object)
  })
})
