import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../../core/json.ts'
import { addHeader, isUnedited } from '../../../runner/deploy/generated-text.ts'
import { formatLiteral, renderTemplate } from '../../../runner/deploy/template.ts'

const NASTY = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    "'",
    '\\',
    '`${1}`',
    '\u2028',
    '\u2029',
    '\r\n',
    '\u0000',
    '\ufeff',
    '\ud800',
    '中文',
    '*/',
    '{{x}}',
  ),
)

function evaluate(literal: string): unknown {
  // oxlint-disable-next-line no-implied-eval, no-new-func -- what a TypeScript literal means is what the engine makes of it
  return new Function(`'use strict'; return ${literal}`)() as unknown
}

function render(text: string, values: Readonly<Record<string, Json>>, secrets = {}): string {
  return renderTemplate({
    place: 'demo/startup.ts.template',
    text,
    known: ['a', 'b', 'key'],
    values,
    secrets,
  })
}

describe('a literal', () => {
  it('means the value it was made from, whatever is in it, and stays on one line', () => {
    const { json } = fc.letrec<{ json: Json; leaf: Json }>((tie) => ({
      leaf: fc.oneof(
        NASTY,
        fc.integer(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
        fc.constant(null),
      ),
      json: fc.oneof(
        { maxDepth: 3 },
        tie('leaf'),
        fc.array(tie('json'), { maxLength: 4 }),
        fc.dictionary(NASTY, tie('json'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }))
    fc.assert(
      fc.property(json, (value) => {
        const literal = formatLiteral(value)
        expect(evaluate(literal)).toEqual(value)
        expect(literal).not.toMatch(/[\n\r\u2028\u2029]/)
      }),
    )
  })

  it.each([
    ['us-east-1', "'us-east-1'"],
    ["it's 中文\n", String.raw`'it\'s 中文\n'`],
    [['a', "b'c"], String.raw`['a', 'b\'c']`],
    [
      { plain: 1, 'with space': true, __proto__x: null },
      "{ plain: 1, ['with space']: true, __proto__x: null }",
    ],
    [{}, '{}'],
    [1.5, '1.5'],
  ] as [Json, string][])('of %j reads as a person would write it', (value, expected) => {
    expect(formatLiteral(value)).toBe(expected)
  })
})

describe('a template', () => {
  it('drops the lines whose parameters have no value', () => {
    const text = 'const x = {\n  a: {{a}},\n  b: {{b}},\n  key: {{secret:key}},\n}\n'
    expect(render(text, { a: ['x'] })).toBe("const x = {\n  a: ['x'],\n}\n")
    expect(render(text, { b: 2 }, { key: 'demo.key' })).toBe(
      "const x = {\n  b: 2,\n  key: DFF.SECRET('demo.key'),\n}\n",
    )
  })

  it('does not fill what a value brings along', () => {
    expect(render('x({{a}})', { a: '{{b}}', b: 'inner' })).toBe("x('{{b}}')")
  })

  it('takes replacement patterns in a value as text', () => {
    expect(render('x({{a}})', { a: '$& $1 $$' })).toBe("x('$& $1 $$')")
  })

  it('refuses a placeholder that the form does not know, with its line', () => {
    expect(() => render('ok\nx({{regoins}})', {})).toThrow(
      /demo\/startup\.ts\.template:2: expected a parameter/,
    )
  })
})

describe('a generated text', () => {
  const text = addHeader('demo', '1.0.0', 'const a = 1\n')

  it('is known as unedited, whatever line ends git gives it', () => {
    expect(isUnedited(text)).toBe(true)
    expect(isUnedited(text.replaceAll('\n', '\r\n'))).toBe(true)
  })

  it.each([
    ['a changed character', text.replace('= 1', '= 2')],
    ['an added line', `${text}\n`],
    ['no header', 'const a = 1\n'],
    ['nothing', ''],
  ])('is known as edited by %s', (_title, edited) => {
    expect(isUnedited(edited)).toBe(false)
  })
})
