import { describe, expect, it } from 'vitest'
import { compilePattern } from '../../../scripts/guance_aws_cloudwatchlogs/user-pattern.ts'

const { raw } = String

/** All of the first plane but halves of characters, and some beyond. */
const CHARACTERS = [
  ...Array.from({ length: 0x1_0000 }, (_, code) => String.fromCodePoint(code)).filter((text) =>
    text.isWellFormed(),
  ),
  '😀',
  '𠮷',
]

describe('a pattern of a user', () => {
  it.each([
    raw`\s`,
    raw`\S`,
    raw`[\s]`,
    raw`[^\s]`,
    raw`[\S]`,
    raw`[^\S]`,
    raw`[a\s\-,]`,
    raw`[\w\s-]`,
    raw`[\s\S]`,
    raw`[\b]`,
    raw`[^\b\]]`,
    raw`\u{1f600}|\u3000|\x41`,
    raw`[\[\s]`,
    raw`\p{Script=Han}`,
    raw`\P{sc=Latin}`,
    raw`[^\p{sc=Greek}\s]`,
    raw`\p{gc=Lu}`,
    raw`[^]`,
    raw`\\s|\\S`,
    raw`\u{0001F600}`,
    raw`[[]|\s`,
    raw`[^[]|\S`,
    raw`[a[^]|\b`,
    raw`[[(]|[a-z[]|[\s[]|\s`,
  ])('%s finds what it finds in JavaScript', (source) => {
    const [pattern, own] = [compilePattern(source, 'x'), new RegExp(source, 'u')]
    expect(CHARACTERS.filter((text) => pattern.test(text) !== own.test(text))).toEqual([])
  })

  it.each([
    [raw`\ud83d\ude00`, '😀', true],
    [raw`^[\uD83D\uDE00x]+$`, 'x😀', true],
    [raw`[\s-x]`, '-', true],
    [raw`[\s-x]`, 'b', false],
    [raw`[[:alpha:]\s]{2}`, 'é\u3000', false],
    [raw`[[:alpha:]\s]{2}`, 'e\u3000', true],
    [raw`\Q\s[\E\s$`, raw`\s[ `, true],
    [raw`姓名\s\S+`, '姓名　张三', true],
    [raw`[[]\s*pw`, '[ pw', true],
    [raw`[([]\s*pw`, '[　pw', true],
    [raw`[a[^]\s*pw`, '^ pw', true],
    [raw`[^[]+\bx`, 'a x', true],
    [raw`[[]x\b`, '[x y', true],
    [raw`[a-z[]\S`, '[b', true],
  ])('%s of %s: %s', (source, text, isFound) => {
    expect(compilePattern(source, 'x').test(text)).toBe(isFound)
  })

  it.each([
    [raw`\ud83d`, raw`whole characters, such as \u{1F600}, got "\\ud83d" (half of one: \ud83d)`],
    [raw`[\uDE00-\uDFFF]`, raw`half of one: \uDE00`],
    [raw`\u{d83d}`, raw`half of one: \u{d83d}`],
    [raw`\p{scx=Han}`, raw`\p{scx=Han}`],
    [raw`\p{Script=Nobody}`, raw`\p{Nobody}`],
    ['a{0,2000}', '{0,2000}'],
  ])('%s is refused by name', (source, named) => {
    expect(() => compilePattern(source, 'x')).toThrow(named)
  })
})
