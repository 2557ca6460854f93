import type { ErrorObject } from 'ajv/dist/2020.js'
import { DffError } from './error.ts'
import { describeExpectation } from './schema-expectation.ts'
import { hideShapes } from './secret-shape.ts'

/** Longer values are cut in messages: an error is one paragraph. */
const MAX_SHOWN = 60

/** Keys are part of a place, and whoever made the value chose them. */
const MAX_PATH = 200

/** Values at such places may be secrets typed in the wrong spot; a message must not carry them into a log. */
const SECRET_NAME = /secret|token|password|ak_id/i

/** A long text of letters in both cases and digits without a word in it: a key that was typed in the wrong spot. */
const OPAQUE = /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[A-Za-z0-9+/=_-]{24,}$/

/** Keywords that only say that no branch fitted; an error from inside a branch says more. */
const UNION_KEYWORDS = new Set(['oneOf', 'anyOf', 'if', 'not', 'propertyNames'])

function cut(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength).toWellFormed()}…`
}

/** As JSON where JSON can hold it; a value of a script may be anything. */
function showValue(value: unknown): string {
  try {
    return JSON.stringify(value) ?? typeof value
  } catch {
    return `a ${typeof value}`
  }
}

function describeValue(path: string, value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === '') return 'an empty text'
  if (SECRET_NAME.test(path)) return Array.isArray(value) ? 'a list' : `a ${typeof value} (not shown)`
  if (typeof value === 'string' && OPAQUE.test(value)) return 'a text (not shown)'
  const text = hideShapes(showValue(value))
  return cut(text, MAX_SHOWN)
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

function describeGot(error: ErrorObject, path: string): string {
  const params = error.params as Readonly<Record<string, string | undefined>>
  if (error.keyword === 'required' || error.keyword === 'dependentRequired') return 'nothing'
  const key = params['additionalProperty'] ?? error.propertyName
  if (key !== undefined)
    return OPAQUE.test(key) ? 'a key that is not shown' : `the key ${cut(hideShapes(key), MAX_SHOWN)}`
  if (error.parentSchema?.['writeOnly'] === true) return `a ${typeof error.data} that is not shown`
  return describeValue(path, error.data)
}

function rankError(error: ErrorObject): number {
  return error.instancePath.split('/').length * 10 - (UNION_KEYWORDS.has(error.keyword) ? 5 : 0)
}

/** What each branch of a union says of the value itself; without one, the error alone. */
function branchesOf(
  union: ErrorObject | undefined,
  errors: readonly ErrorObject[],
  error: ErrorObject,
): readonly ErrorObject[] {
  const branches = errors.filter(
    ({ schemaPath, instancePath }) =>
      union !== undefined &&
      schemaPath.startsWith(`${union.schemaPath}/`) &&
      instancePath === error.instancePath,
  )
  return branches.length === 0 ? [error] : branches
}

function describePlace({ parentSchema }: ErrorObject): string {
  const description: unknown = parentSchema?.['description']
  return typeof description === 'string' ? `What belongs here: ${description}` : 'Correct the value.'
}

/** BAD_PARAMETER from what ajv found: the deepest place wins, because it is the one to correct. `errors` is not empty. */
export function makeParameterError(errors: readonly ErrorObject[], place: string): DffError {
  const error = errors.toSorted((left, right) => rankError(right) - rankError(left))[0]
  if (error === undefined) throw new TypeError('ajv refused a value without saying why')
  const path = formatPath(error.instancePath)
  const union = errors.find((one) => one.keyword === 'oneOf' && one.instancePath === error.instancePath)
  const expectations = branchesOf(union, errors, error).map(describeExpectation)
  return new DffError({
    code: 'BAD_PARAMETER',
    place: path === '' ? place : `${place}: ${cut(hideShapes(path), MAX_PATH)}`,
    expected: expectations.map(({ expected }) => expected).join(', or '),
    got: describeGot(error, path),
    remedy: expectations.find(({ remedy }) => remedy !== undefined)?.remedy ?? describePlace(union ?? error),
  })
}
