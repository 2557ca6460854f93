import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formatsPlugin from 'ajv-formats'
import { makeParameterError } from './parameter-error.ts'
import { SCHEMAS, type SchemaTypes } from './schemas.generated.ts'

type SchemaId = keyof SchemaTypes

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

/** Checks a value against a schema given as data (an install form); throws BAD_PARAMETER naming the place. */
export function validateAgainst(schema: object, value: unknown, place: string): void {
  const validator = findValidator(schema)
  if (!validator(value)) throw makeParameterError(validator.errors ?? [], place)
}

/** The value, typed by its schema; throws BAD_PARAMETER naming the place, what was expected and what came. */
export function validate<Id extends SchemaId>(id: Id, value: unknown, place: string): SchemaTypes[Id] {
  const schema = SCHEMAS[id]
  if (schema === undefined) throw new TypeError(`no schema ${id}`)
  validateAgainst(schema, value, place)
  // The schema has just proved it; the type is generated from the same schema.
  return value as SchemaTypes[Id]
}
