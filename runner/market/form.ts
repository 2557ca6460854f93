import { DffError } from '../../core/error.ts'
import type { Json } from '../../core/json.ts'
import { validateAgainst } from '../../core/parameters.ts'
import type { FormValues } from '../host-api.ts'

export type FormSchema = Readonly<Record<string, Json>>

/** One parameter of an install form, as far as the host reads it. */
interface FormProperty {
  readonly default?: Json
  readonly examples?: readonly Json[]
  /** The value is a secret: it goes to the vault and never comes back. */
  readonly writeOnly?: boolean
}

/** Form values split by where they are kept. */
export interface FilledForm {
  readonly parameters: FormValues
  readonly secrets: Readonly<Record<string, string>>
}

/** `guance_aws_lambda` and `ak_secret` → `guance_aws_lambda.ak_secret`, the name of the secret in the vault. */
export function secretName(setId: string, parameter: string): string {
  return `${setId}.${parameter}`
}

export function formProperties(schema: FormSchema): Readonly<Record<string, FormProperty>> {
  return (schema['properties'] ?? {}) as Readonly<Record<string, FormProperty>>
}

/** Names of the parameters that are secrets. */
export function secretParameters(schema: FormSchema): string[] {
  return Object.entries(formProperties(schema)).flatMap(([name, property]) =>
    property.writeOnly === true ? [name] : [],
  )
}

function defaultsOf(schema: FormSchema): FormValues {
  return Object.fromEntries(
    Object.entries(formProperties(schema)).flatMap(([name, property]) =>
      property.default === undefined ? [] : [[name, property.default]],
    ),
  )
}

/** ajv's message may quote the value it refused; a secret's must not be in it whatever the parameter is called. */
function withoutSecret(error: unknown, secrets: readonly string[]): unknown {
  if (!(error instanceof DffError)) return error
  const isSecret = secrets.some((name) => error.parts.place.includes(`: ${name}`))
  if (!isSecret || error.parts.got === 'nothing') return error
  return new DffError({ ...error.parts, got: 'a value that is not shown' })
}

/**
 * Fills a form: the schema's defaults, under what an earlier install kept, under what is given now; a given null
 * forgets a value. Throws BAD_PARAMETER naming the parameter. `earlier` includes the secrets, because a rule such as
 * "ak_id needs ak_secret" is about all of them.
 */
export function fillForm(
  setId: string,
  schema: FormSchema,
  given: FormValues,
  earlier: FormValues,
): FilledForm {
  const merged = Object.entries({ ...defaultsOf(schema), ...earlier, ...given })
  const values = Object.fromEntries(merged.filter(([, value]) => value !== null))
  const secrets = secretParameters(schema)
  try {
    validateAgainst(schema, values, `parameters of ${setId}`)
  } catch (error) {
    throw withoutSecret(error, secrets)
  }
  const isSecret = ([name]: readonly [string, Json]): boolean => secrets.includes(name)
  const entries = Object.entries(values)
  return {
    parameters: Object.fromEntries(entries.filter((entry) => !isSecret(entry))),
    secrets: Object.fromEntries(
      entries
        .filter(isSecret)
        .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
    ),
  }
}
