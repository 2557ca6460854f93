import type { Json } from '../../../core/json.ts'
import { REGIONS } from '../../../core/regions.generated.ts'
import { SCHEMAS } from '../../../core/schemas.generated.ts'

type FieldKind = 'text' | 'number' | 'integer' | 'boolean' | 'list'

/** One question of an install form, read from a property of its JSON Schema. */
export interface FormField {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly kind: FieldKind
  /** `writeOnly` in the schema: asked for masked, taken from a source, never shown. */
  readonly isSecret: boolean
  readonly isRequired: boolean
  /** Fields that have to be filled in too when this one is (`dependentRequired`). */
  readonly needs: readonly string[]
  /** What may be chosen: of a text itself, of a list each item. */
  readonly choices: readonly string[] | null
  /** The choices are AWS regions and can be shown by partition. */
  readonly isRegions: boolean
  readonly defaultValue: Json | undefined
  readonly schema: Readonly<Record<string, unknown>>
}

type Schema = Readonly<Record<string, unknown>>

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A schema or the one it refers to: forms name shared lists such as `regions` by `$ref`. */
function resolveRef(schema: unknown): Schema {
  if (!isSchema(schema)) return {}
  const ref = schema['$ref']
  const target = typeof ref === 'string' ? SCHEMAS[ref] : undefined
  return isSchema(target) ? target : schema
}

function readKind(schema: Schema): FieldKind {
  const type = schema['type']
  if (type === 'array') return 'list'
  if (type === 'number' || type === 'integer' || type === 'boolean') return type
  return 'text'
}

function readChoices(schema: Schema): readonly string[] | null {
  const source = schema['type'] === 'array' ? resolveRef(schema['items']) : schema
  const values = source['enum']
  return Array.isArray(values) ? values.map(String) : null
}

function readNames(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : []
}

function readField(name: string, schema: Schema, form: Schema): FormField {
  const choices = readChoices(schema)
  const needs = form['dependentRequired']
  return {
    name,
    title: typeof schema['title'] === 'string' ? schema['title'] : name,
    description: typeof schema['description'] === 'string' ? schema['description'] : '',
    kind: readKind(schema),
    isSecret: schema['writeOnly'] === true,
    isRequired: readNames(form['required']).includes(name),
    needs: isSchema(needs) ? readNames(needs[name]) : [],
    choices,
    isRegions: choices !== null && choices.every((choice) => Object.hasOwn(REGIONS, choice)),
    // JSON Schema is JSON, and so is what stands under `default`.
    defaultValue: schema['default'] as Json | undefined,
    schema,
  }
}

/** The questions of an install form in the schema's order; none for a set that is only imported. */
export function readForm(schema: Readonly<Record<string, Json>> | null): readonly FormField[] {
  if (schema === null) return []
  const properties = isSchema(schema['properties']) ? schema['properties'] : {}
  return Object.entries(properties).map(([name, property]) => readField(name, resolveRef(property), schema))
}
