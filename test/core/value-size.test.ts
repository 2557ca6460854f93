import { describe, expect, it } from 'vitest'
import { validate } from '../../core/parameters.ts'
import { checkSize, PARAMETER_LIMITS } from '../../core/value-size.ts'

function nest(levels: number): unknown {
  let value: unknown = 'x'
  for (let level = 0; level < levels; level += 1) value = [value]
  return value
}

describe('a parameter', () => {
  it('may be as deep and as large as a person makes it', () => {
    expect(() => checkSize(nest(64), 'x', PARAMETER_LIMITS)).not.toThrow()
    expect(() =>
      checkSize(
        Array.from({ length: 19_998 }, () => 1),
        'x',
        PARAMETER_LIMITS,
      ),
    ).not.toThrow()
  })

  it.each([
    ['nests too deep', nest(65), 'at most 64 levels'],
    ['nests without end', nest(200_000), 'at most 64 levels'],
    ['holds itself', Object.assign([] as unknown[], { 0: 1 }), ''],
    ['holds too much', Array.from({ length: 20_001 }, () => 1), 'at most 20000 values'],
    ['holds one text too long', { a: 'x'.repeat(4 * 1024 ** 2 + 1) }, 'characters'],
    ['has keys that are too long', { ['x'.repeat(5 * 1024 ** 2)]: 1, b: [] }, 'characters'],
  ])('that %s is refused by name', (title, value, part) => {
    const loop = value as unknown[]
    if (title === 'holds itself') loop.push(loop)
    expect(() => checkSize(value, 'account', PARAMETER_LIMITS)).toThrow(
      expect.objectContaining({ code: 'BAD_PARAMETER', message: expect.stringContaining(part) as string }),
    )
  })

  it('is looked at before any schema is, so that no schema has to end', () => {
    const regions = nest(100_000)
    expect(() => validate('collector-configs', { regions }, 'collectorConfigs')).toThrow(/at most 64 levels/)
    const many = { regions: Array.from({ length: 19_000 }, (_, index) => `r${index}`) }
    expect(() => validate('collector-configs', many, 'collectorConfigs')).toThrow(/one of 41 known values/)
  })
})
