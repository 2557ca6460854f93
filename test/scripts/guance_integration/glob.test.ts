import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileGlob, compileGlobs } from '../../../scripts/guance_integration/glob.ts'

describe('a pattern of names', () => {
  it('matches as the same regular expression would', () => {
    const piece = fc.string({ unit: fc.constantFrom('a', 'B', 'c', '*'), maxLength: 8 })
    const name = fc.string({ unit: fc.constantFrom('a', 'B', 'c'), maxLength: 10 })
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 3 }), name, (patterns, text) => {
        const isMatch = (pattern: string): boolean =>
          new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text)
        expect(patterns.map((pattern) => compileGlob(pattern)(text))).toEqual(patterns.map(isMatch))
        expect(compileGlobs(patterns)(text)).toBe(patterns.some(isMatch))
      }),
      { numRuns: 2_000 },
    )
  })

  it('takes a character of a regular expression for itself, and a line break for any', () => {
    expect(compileGlob('a.c')('abc')).toBe(false)
    expect(compileGlob('(a|b')('(a|b')).toBe(true)
    expect(compileGlob('a*c')('a\nb中文c')).toBe(true)
  })

  it('of many stars is no work for minutes', () => {
    expect(compileGlob(`${'*a'.repeat(5_000)}*b`)('a'.repeat(20_000))).toBe(false)
  })
})
