/**
 * Fills a Startup template: `{{regions}}` becomes the parameter's value as a TypeScript literal, `{{secret:ak_secret}}`
 * a reference to the stored secret. A line whose placeholder has no value disappears, so optional parameters need no
 * syntax of their own.
 */
import { DffError } from '../../core/error.ts'
import type { Json } from '../../core/json.ts'
import type { FormValues } from '../host-api.ts'
import { formProperties, type FormSchema } from '../market/form.ts'

const PLACEHOLDER = /\{\{(secret:)?([a-z][a-z0-9_]*)\}\}/g

/** The connector is no parameter of any form, because it says where data goes and not what is collected. */
export const CONNECTOR_PLACEHOLDER = 'connector'

/** What a template of a set with this form may contain. */
export function placeholdersOf(form: FormSchema): readonly string[] {
  return [...Object.keys(formProperties(form)), CONNECTOR_PLACEHOLDER]
}

export interface TemplateInput {
  /** Named in errors. */
  readonly place: string
  readonly text: string
  /** Every parameter of the form, with a value or not; anything else in the template is a mistake of the set. */
  readonly known: readonly string[]
  readonly values: FormValues
  /** Secret parameters that have a stored value, with the name it is stored under. */
  readonly secrets: Readonly<Record<string, string>>
}

/** Characters that end a TypeScript string or that an editor shows as something else. */
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

/** Controls, invisible formatting (bidirectional marks, byte order mark), line separators, halves of a character. */
const UNPRINTABLE = /[\\'\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]/gu

function escapeCharacter(found: string): string {
  const code = (found.codePointAt(0) ?? 0).toString(16)
  return ESCAPES[found] ?? (code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`)
}

function quote(text: string): string {
  return `'${text.replace(UNPRINTABLE, escapeCharacter)}'`
}

/** A JSON value as a TypeScript literal of one line, strings in single quotes. */
export function formatLiteral(value: Json): string {
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return `[${value.map((item: Json) => formatLiteral(item)).join(', ')}]`
  // The text of -0 is 0.
  if (Object.is(value, -0)) return '-0'
  if (typeof value !== 'object' || value === null) return String(value)
  const entries = Object.entries(value)
  if (entries.length === 0) return '{}'
  const key = (name: string): string =>
    /^[A-Za-z_$][\w$]*$/.test(name) && name !== '__proto__' ? name : `[${quote(name)}]`
  return `{ ${entries.map(([name, inner]) => `${key(name)}: ${formatLiteral(inner)}`).join(', ')} }`
}

function fill(input: TemplateInput, isSecret: boolean, name: string): string | undefined {
  if (isSecret) {
    const stored = input.secrets[name]
    return stored === undefined ? undefined : `DFF.SECRET(${quote(stored)})`
  }
  const value = input.values[name]
  return value === undefined ? undefined : formatLiteral(value)
}

function renderLine(line: string, lineNumber: number, input: TemplateInput): string | undefined {
  let isComplete = true
  const rendered = line.replace(PLACEHOLDER, (placeholder, secret: string | undefined, name: string) => {
    if (!input.known.includes(name)) {
      throw new DffError({
        code: 'LISTING_INVALID',
        place: `${input.place}:${lineNumber}`,
        expected: `a parameter of the form (${input.known.join(', ')})`,
        got: placeholder,
        remedy: 'The set is broken: report it to its author.',
      })
    }
    const text = fill(input, secret !== undefined, name)
    isComplete &&= text !== undefined
    return text ?? ''
  })
  return isComplete ? rendered : undefined
}

/** The Startup script's text; throws LISTING_INVALID for a placeholder that the form does not know. */
export function renderTemplate(input: TemplateInput): string {
  return input.text
    .split('\n')
    .map((line, index) => renderLine(line, index + 1, input))
    .filter((line) => line !== undefined)
    .join('\n')
}
