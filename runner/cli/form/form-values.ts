import { closestName } from '../../../core/closest.ts'
import { DffError } from '../../../core/error.ts'
import type { Json } from '../../../core/json.ts'
import { validateAgainst } from '../../../core/parameters.ts'
import type { FormValues } from '../../host-api.ts'
import type { Texts } from '../../text/texts.ts'
import type { Given } from './assignment.ts'
import { readFieldValue } from './field-value.ts'
import type { FormField } from './form-field.ts'
import { promptField } from './form-prompt.ts'
import type { Prompter } from './prompter.ts'
import type { SecretSources } from './secret-source.ts'

export interface FormRequest {
  readonly setId: string
  readonly schema: Readonly<Record<string, Json>> | null
  readonly fields: readonly FormField[]
  readonly given: ReadonlyMap<string, Given>
  readonly sources: SecretSources
  /** Absent where nobody can answer: then defaults are taken and what is missing is an error. */
  readonly prompter?: Prompter
}

/** `-p ak_id=`: nothing, on purpose. */
function isEmptied(typed: Given): boolean {
  return typed.kind === 'text' && typed.texts.every((text) => text === '')
}

/** The values that were given, each valid by itself, for a set whose other values the host keeps; null forgets one. */
export async function readGivenValues({ fields, given, sources }: FormRequest): Promise<FormValues> {
  const values: Record<string, Json> = {}
  // One after the other: stdin can be read once.
  for (const field of fields) {
    const typed = given.get(field.name)
    if (typed === undefined) continue
    if (isEmptied(typed)) {
      values[field.name] = null
      continue
    }
    const value = await readFieldValue(field, typed, sources)
    validateAgainst(field.schema, value, typed.place)
    values[field.name] = value
  }
  return values
}

/** Refuses keys that the form does not know, with the name that was probably meant. */
export function refuseUnknown(
  given: ReadonlyMap<string, Given>,
  known: readonly string[],
  setId: string,
  texts: Texts,
): void {
  for (const [key, { place }] of given) {
    if (known.includes(key)) continue
    const { expected, didYouMean, remedy } = texts.form.unknownParameter
    const near = closestName(key, known)
    throw new DffError({
      code: 'BAD_PARAMETER',
      place,
      expected: expected(known),
      got: `the key ${key}`,
      remedy: near === undefined ? remedy(setId) : didYouMean(near),
    })
  }
}

function refuseMissing(missing: readonly string[], setId: string, texts: Texts): void {
  if (missing.length === 0) return
  const { expected, remedy } = texts.form.missing
  throw new DffError({
    code: 'BAD_PARAMETER',
    place: setId,
    expected: expected(missing),
    got: 'nothing',
    remedy: remedy(missing),
  })
}

/** Asks for a field unless one that it needs was left empty; one that an answer needs may not be left empty. */
async function askValue(
  { fields, sources }: FormRequest,
  { field, prompter }: { readonly field: FormField; readonly prompter: Prompter },
  values: FormValues,
): Promise<Json | undefined> {
  const before = fields.slice(0, fields.indexOf(field))
  if (before.some(({ name }) => field.needs.includes(name) && values[name] === undefined)) return undefined
  const isNeeded = before.some(({ name, needs }) => needs.includes(field.name) && values[name] !== undefined)
  return promptField({ ...field, isRequired: field.isRequired || isNeeded }, prompter, sources.texts)
}

async function takeValue(
  request: FormRequest,
  field: FormField,
  values: FormValues,
): Promise<Json | undefined> {
  const { given, sources, prompter } = request
  const typed = given.get(field.name)
  if (typed !== undefined) return isEmptied(typed) ? undefined : readFieldValue(field, typed, sources)
  return prompter === undefined ? field.defaultValue : askValue(request, { field, prompter }, values)
}

/** Form values from what was given, what is asked, and the form's defaults; valid by its schema, or BAD_PARAMETER. */
export async function collectValues(request: FormRequest): Promise<FormValues> {
  const { fields, sources, schema, setId } = request
  const values: Record<string, Json> = {}
  // One after the other: questions appear in the form's order, and stdin can be read once.
  for (const field of fields) {
    const value = await takeValue(request, field, values)
    if (value !== undefined) values[field.name] = value
  }
  const missing = fields.filter((field) => field.isRequired && values[field.name] === undefined)
  refuseMissing(
    missing.map((field) => field.name),
    setId,
    sources.texts,
  )
  if (schema !== null) validateAgainst(schema, values, `${setId} parameters`)
  return values
}
