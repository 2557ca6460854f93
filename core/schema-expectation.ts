import type { ErrorObject } from 'ajv/dist/2020.js'
import { closestName } from './closest.ts'

/** A list longer than this is counted instead of printed. */
const MAX_LISTED = 8

const TYPE_NAMES: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
  object: 'an object',
  string: 'a text',
}

/** Keywords with a limit, as a person says them; ajv says "must NOT have fewer than 1 items". */
const LIMITS: Readonly<Record<string, (limit: unknown) => string>> = {
  maximum: (limit) => `at most ${String(limit)}`,
  maxItems: (limit) => `a list of at most ${String(limit)}`,
  maxLength: (limit) => `a text of at most ${String(limit)} characters`,
  minimum: (limit) => `at least ${String(limit)}`,
  minItems: (limit) => `a list of ${String(limit)} or more`,
  minLength: (limit) => `a text of ${String(limit)} or more characters`,
}

interface Expectation {
  readonly expected: string
  readonly remedy?: string
}

function listNames(names: readonly string[]): string {
  if (names.length <= MAX_LISTED) return `one of ${names.join(', ')}`
  return `one of ${names.length} known values (${names.slice(0, 4).join(', ')}, …)`
}

function withNearest(expected: string, got: unknown, known: readonly string[]): Expectation {
  const nearest = typeof got === 'string' ? closestName(got, known) : undefined
  return nearest === undefined ? { expected } : { expected, remedy: `Did you mean ${nearest}?` }
}

function propertiesOf(error: ErrorObject): Readonly<Record<string, { readonly description?: string }>> {
  // A JSON Schema that ajv has compiled: `properties` are schemas.
  return (error.parentSchema?.['properties'] ?? {}) as Record<string, { readonly description?: string }>
}

function describeKey(error: ErrorObject, key: string): string {
  return propertiesOf(error)[key]?.description ?? ''
}

/** What the keyword of one ajv error asks for, and what to do when more can be said than to correct the value. */
export function describeExpectation(error: ErrorObject): Expectation {
  const params = error.params as Readonly<Record<string, unknown>>
  switch (error.keyword) {
    case 'enum': {
      const allowed = (params['allowedValues'] as readonly unknown[]).map(String)
      return withNearest(listNames(allowed), error.data, allowed)
    }
    case 'const':
      return { expected: JSON.stringify(params['allowedValue']) }
    case 'not': {
      const refused = (error.schema as { readonly const?: unknown }).const
      return { expected: refused === undefined ? 'another value' : `anything but ${JSON.stringify(refused)}` }
    }
    case 'type':
      return {
        expected: [params['type']]
          .flat()
          .map((type) => TYPE_NAMES[String(type)])
          .join(' or '),
      }
    case 'uniqueItems':
      return { expected: 'a list without repetition' }
    case 'required': {
      const key = String(params['missingProperty'])
      return { expected: `the key ${key}`, remedy: ['Add it.', describeKey(error, key)].join(' ').trim() }
    }
    case 'dependentRequired': {
      const [key, other] = [String(params['missingProperty']), String(params['property'])]
      return { expected: `the key ${key} beside ${other}`, remedy: `Add ${key}, or remove ${other}.` }
    }
    case 'additionalProperties': {
      const known = Object.keys(propertiesOf(error))
      const expectation = withNearest(
        `only the keys ${known.join(', ')}`,
        params['additionalProperty'],
        known,
      )
      return { remedy: 'Remove it, or correct its name.', ...expectation }
    }
    case 'pattern':
      return { expected: `text that matches ${String(params['pattern'])}` }
    default: {
      const limit = LIMITS[error.keyword]?.(params['limit'])
      return { expected: limit ?? error.message?.replace(/^must (be )?/, '') ?? error.keyword }
    }
  }
}
