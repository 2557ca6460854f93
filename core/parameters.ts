import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import formatsPlugin from 'ajv-formats'
import { closestName } from './closest.ts'
import { DffError } from './error.ts'
import { SCHEMAS, type SchemaTypes } from './schemas.generated.ts'

export type SchemaId = keyof SchemaTypes

/** Longer values are cut in messages: an error is one paragraph. */
const MAX_SHOWN = 60

/** Values at such places may be secrets typed in the wrong spot; a message must not carry them into a log. */
const SECRET_NAME = /secret|token|password|ak_id/i

let compiler: Ajv2020 | undefined
const compiled = new Map<object, ValidateFunction>()

/** One ajv for all schemas, made on first use: compiling costs milliseconds that `--help` must not pay. */
function getCompiler(): Ajv2020 {
  if (compiler !== undefined) return compiler
  compiler = new Ajv2020({
    allErrors: true,
    strict: true,
    allowUnionTypes: true,
    strictRequired: false,
    verbose: true,
  })
  formatsPlugin.default(compiler)
  for (const [id, schema] of Object.entries(SCHEMAS)) compiler.addSchema(schema, id)
  return compiler
}

function findValidator(schema: object): ValidateFunction {
  const known = compiled.get(schema)
  if (known !== undefined) return known
  const { $id: _id, ...anonymous } = schema as { readonly $id?: string }
  const validator = getCompiler().compile(anonymous)
  compiled.set(schema, validator)
  return validator
}

function describeValue(path: string, value: unknown): string {
  if (value === undefined) return 'nothing'
  if (SECRET_NAME.test(path)) return Array.isArray(value) ? 'a list' : `a ${typeof value} (not shown)`
  const text = JSON.stringify(value) ?? String(value)
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

function describeExpectation(error: ErrorObject): { readonly expected: string; readonly remedy?: string } {
  const params = error.params as Record<string, unknown>
  switch (error.keyword) {
    case 'enum': {
      const allowed = (params['allowedValues'] as readonly unknown[]).map(String)
      const near = closestName(String(error.data), allowed)
      const list =
        allowed.length <= 8
          ? allowed.join(', ')
          : `one of ${allowed.length} known values (${allowed.slice(0, 4).join(', ')}, …)`
      return near === undefined ? { expected: list } : { expected: list, remedy: `Did you mean ${near}?` }
    }
    case 'const':
      return { expected: JSON.stringify(params['allowedValue']) }
    case 'required':
    case 'dependentRequired':
      return { expected: `the key ${String(params['missingProperty'])}` }
    case 'additionalProperties': {
      const known = Object.keys((error.parentSchema?.['properties'] as object | undefined) ?? {})
      const near = closestName(String(params['additionalProperty']), known)
      return near === undefined
        ? { expected: `only the keys ${known.join(', ')}` }
        : { expected: `only the keys ${known.join(', ')}`, remedy: `Did you mean ${near}?` }
    }
    case 'pattern':
      return { expected: `text that matches ${String(params['pattern'])}` }
    default:
      return { expected: error.message ?? error.keyword }
  }
}

/** The error that says most: a deeper place first, and a union's own error only when no branch has a better one. */
function pickError(errors: readonly ErrorObject[]): ErrorObject | undefined {
  const rank = (error: ErrorObject): number =>
    error.instancePath.split('/').length * 10 - (['oneOf', 'anyOf', 'if'].includes(error.keyword) ? 5 : 0)
  return errors.toSorted((left, right) => rank(right) - rank(left))[0]
}

function toError(error: ErrorObject | undefined, place: string): DffError {
  if (error === undefined) throw new TypeError('ajv refused a value without saying why')
  const path = formatPath(error.instancePath)
  const params = error.params as Record<string, unknown>
  const isMissing = error.keyword === 'required' || error.keyword === 'dependentRequired'
  const { expected, remedy } = describeExpectation(error)
  const extra =
    params['additionalProperty'] ?? (error.keyword === 'propertyNames' ? params['propertyName'] : undefined)
  const got = isMissing
    ? 'nothing'
    : extra === undefined
      ? describeValue(path, error.data)
      : `the key ${String(extra)}`
  return new DffError({
    code: 'BAD_PARAMETER',
    place: path === '' ? place : `${place}: ${path}`,
    expected,
    got,
    remedy: remedy ?? error.parentSchema?.['description'] ?? 'Correct the value.',
  })
}

/** Checks a value against a schema given as data (an install form); throws BAD_PARAMETER naming the place. */
export function validateAgainst(schema: object, value: unknown, place: string): void {
  const validator = findValidator(schema)
  if (!validator(value)) throw toError(pickError(validator.errors ?? []), place)
}

/** The value, typed by its schema; throws BAD_PARAMETER naming the place, what was expected and what came. */
export function validate<Id extends SchemaId>(id: Id, value: unknown, place: string): SchemaTypes[Id] {
  const schema = SCHEMAS[id]
  if (schema === undefined) throw new TypeError(`no schema ${id}`)
  validateAgainst(schema, value, place)
  return value as SchemaTypes[Id]
}
