import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { renderPairs, renderTable } from '../../../runner/cli/view/table.ts'
import { textWidth } from '../../../runner/cli/view/text-width.ts'

describe('width of text', () => {
  it.each([
    ['abc', 3],
    ['函数', 4],
    ['ｆｕｌｌ', 8],
    ['ｶﾅ', 2],
    ['かな', 4],
    ['한글', 4],
    ['é', 1],
    ['e\u0301', 1],
    ['🚀', 2],
    ['👩‍💻', 2],
    ['—', 1],
    ['', 0],
  ])('of %s is %i columns', (text, width) => {
    expect(textWidth(text)).toBe(width)
  })
})

describe('table', () => {
  it('keeps columns under each other whatever the width of the letters', () => {
    const lines = renderTable(
      ['NAME', 'POINTS', 'END'],
      [
        ['函数 一', '1,234', 'x'],
        ['plain', '5', 'x'],
      ],
    )
    expect(lines).toEqual(['NAME     POINTS  END', '函数 一   1,234  x', 'plain         5  x'])
  })

  it('starts the last column of every row at the same place and never breaks a row', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'Z', '函', '한', 'か', '-', ' ', '\n', '\u001b') })
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { maxLength: 8 }), (rows) => {
        const lines = renderTable(
          ['A', 'B', 'C'],
          rows.map(([a, b]) => [a, b, '|']),
        )
        const starts = lines.slice(1).map((line) => textWidth(line.slice(0, line.lastIndexOf('|'))))
        expect(new Set(starts).size).toBeLessThanOrEqual(1)
        expect(lines.some((line) => line.includes('\n') || line.includes('\u001b'))).toBe(false)
      }),
    )
  })

  it('keeps values of several lines in their column', () => {
    expect(
      renderPairs([
        ['a', 'one\ntwo'],
        ['long', 'x'],
      ]),
    ).toEqual(['a     one', '      two', 'long  x'])
  })
})
