import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formatsPlugin from 'ajv-formats'
import { DffError } from './error.ts'
import { makeParameterError } from './parameter-error.ts'
import { SCHEMAS, type SchemaTypes } from './schemas.generated.ts'
import { checkSize, PARAMETER_LIMITS, type SizeLimits } from './value-size.ts'

type SchemaId = keyof SchemaTypes

/** What is ours grows with the files of the sets and compares no items with each other. */
const LIMITS: Readonly<Partial<Record<SchemaId, SizeLimits>>> = {
  marketplace: { maxValues: 1_000_000, maxCharacters: 64 * 1024 ** 2 },
  catalogue: { maxValues: 1_000_000, maxCharacters: 64 * 1024 ** 2 },
}

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
  // Without its $id: the same schema may be registered already, and ajv refuses a second one of that name.
  const { $id: _id, ...anonymous } = schema as { readonly $id?: string }
  const validator = getCompiler().compile(anonymous)
  compiled.set(schema, validator)
  return validator
}

/** A value of a script may be code: a getter or a proxy that throws while it is looked at. */
function isValid(
  validator: ValidateFunction,
  value: unknown,
  { place, limits }: { readonly place: string; readonly limits: SizeLimits },
): boolean {
  try {
    checkSize(value, place, limits)
    return validator(value)
  } catch (error) {
    if (error instanceof DffError) throw error
    const got = `one that throws: ${error instanceof Error ? error.message : typeof error}`
    const remedy = 'Write plain objects, lists, texts and numbers.'
    throw new DffError(
      { code: 'BAD_PARAMETER', place, expected: 'a value that can be read', got, remedy },
      { cause: error },
    )
  }
}

/** Checks a value against a schema given as data (an install form); throws BAD_PARAMETER naming the place. */
export function validateAgainst(
  schema: object,
  value: unknown,
  place: string,
  limits: SizeLimits = PARAMETER_LIMITS,
): void {
  const validator = findValidator(schema)
  if (!isValid(validator, value, { place, limits })) throw makeParameterError(validator.errors ?? [], place)
}

/** The value, typed by its schema; throws BAD_PARAMETER naming the place, what was expected and what came. */
export function validate<Id extends SchemaId>(id: Id, value: unknown, place: string): SchemaTypes[Id] {
  const schema = SCHEMAS[id]
  if (schema === undefined) throw new TypeError(`no schema ${id}`)
  validateAgainst(schema, value, place, LIMITS[id] ?? PARAMETER_LIMITS)
  // The schema has just proved it; the type is generated from the same schema.
  return value as SchemaTypes[Id]
}
