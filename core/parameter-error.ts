import type { ErrorObject } from 'ajv/dist/2020.js'
import { closestName } from './closest.ts'
import { DffError } from './error.ts'

/** Longer values are cut in messages: an error is one paragraph. */
const MAX_SHOWN = 60

/** A list longer than this is counted instead of printed. */
const MAX_LISTED = 8

/** Values at such places may be secrets typed in the wrong spot; a message must not carry them into a log. */
const SECRET_NAME = /secret|token|password|ak_id/i

/** Keywords that only say that no branch fitted; an error from inside a branch says more. */
const UNION_KEYWORDS = new Set(['oneOf', 'anyOf', 'if', 'not', 'propertyNames'])

interface Expectation {
  readonly expected: string
  readonly remedy?: string
}

function describeValue(path: string, value: unknown): string {
  if (value === undefined) return 'nothing'
  if (SECRET_NAME.test(path)) return Array.isArray(value) ? 'a list' : `a ${typeof value} (not shown)`
  const text = JSON.stringify(value) ?? typeof value
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`
}

/** `/targets/0/metrics` → `targets[0].metrics`, as a person writes it. */
function formatPath(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce(
      (path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path === '' ? part : `${path}.${part}`),
      '',
    )
}

function listNames(names: readonly string[]): string {
  if (names.length <= MAX_LISTED) return names.join(', ')
  return `one of ${names.length} known values (${names.slice(0, 4).join(', ')}, …)`
}

function withNearest(expected: string, got: unknown, known: readonly string[]): Expectation {
  const nearest = typeof got === 'string' ? closestName(got, known) : undefined
  return nearest === undefined ? { expected } : { expected, remedy: `Did you mean ${nearest}?` }
}

function describeExpectation(error: ErrorObject): Expectation {
  const params = error.params as Readonly<Record<string, unknown>>
  switch (error.keyword) {
    case 'enum': {
      const allowed = (params['allowedValues'] as readonly unknown[]).map(String)
      return withNearest(listNames(allowed), error.data, allowed)
    }
    case 'const':
      return { expected: JSON.stringify(params['allowedValue']) }
    case 'required':
    case 'dependentRequired':
      return { expected: `the key ${String(params['missingProperty'])}` }
    case 'additionalProperties': {
      const known = Object.keys((error.parentSchema?.['properties'] as object | undefined) ?? {})
      return withNearest(`only the keys ${known.join(', ')}`, params['additionalProperty'], known)
    }
    case 'pattern':
      return { expected: `text that matches ${String(params['pattern'])}` }
    default:
      return { expected: error.message?.replace(/^must (be )?/, '') ?? error.keyword }
  }
}

function describeGot(error: ErrorObject, path: string): string {
  const params = error.params as Readonly<Record<string, string | undefined>>
  if (error.keyword === 'required' || error.keyword === 'dependentRequired') return 'nothing'
  const key = params['additionalProperty'] ?? error.propertyName
  return key === undefined ? describeValue(path, error.data) : `the key ${key}`
}

function rankError(error: ErrorObject): number {
  return error.instancePath.split('/').length * 10 - (UNION_KEYWORDS.has(error.keyword) ? 5 : 0)
}

/** BAD_PARAMETER from what ajv found: the deepest place wins, because it is the one to correct. `errors` is not empty. */
export function makeParameterError(errors: readonly ErrorObject[], place: string): DffError {
  const error = errors.toSorted((left, right) => rankError(right) - rankError(left))[0]
  if (error === undefined) throw new TypeError('ajv refused a value without saying why')
  const path = formatPath(error.instancePath)
  const { expected, remedy } = describeExpectation(error)
  const description: unknown = error.parentSchema?.['description']
  return new DffError({
    code: 'BAD_PARAMETER',
    place: path === '' ? place : `${place}: ${path}`,
    expected,
    got: describeGot(error, path),
    remedy: remedy ?? (typeof description === 'string' ? description : 'Correct the value.'),
  })
}
