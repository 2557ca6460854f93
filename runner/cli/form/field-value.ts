import { DffError } from '../../../core/error.ts'
import type { Json } from '../../../core/json.ts'
import type { Texts } from '../../text/texts.ts'
import type { Given } from './assignment.ts'
import type { FormField } from './form-field.ts'
import { readSecret, type SecretSources } from './secret-source.ts'

function splitList(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function parseList(given: readonly string[]): Json {
  const [first = ''] = given
  if (given.length === 1 && first.trimStart().startsWith('[')) {
    try {
      // Items with commas in them are written as a JSON list.
      return JSON.parse(first) as Json
    } catch {
      return splitList(first)
    }
  }
  return given.flatMap(splitList)
}

function parseScalar(field: FormField, text: string, place: string, texts: Texts): Json {
  if (field.kind === 'text') return text
  const wrong = (): DffError =>
    new DffError({
      code: 'BAD_PARAMETER',
      place,
      expected: texts.form.wrongType[field.kind] ?? field.kind,
      got: JSON.stringify(text),
      remedy: texts.form.wrongTypeRemedy,
    })
  if (field.kind === 'boolean') {
    if (text !== 'true' && text !== 'false') throw wrong()
    return text === 'true'
  }
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw wrong()
  return value
}

/** A given value as the JSON that the form's schema describes; secrets are read from their source. */
export async function readFieldValue(field: FormField, given: Given, sources: SecretSources): Promise<Json> {
  if (given.kind === 'json') {
    if (!field.isSecret || typeof given.value !== 'string') return given.value
    // A literal secret in a file is not in the shell's history: no warning.
    return readSecret(given.value, given.place, { ...sources, warn: () => undefined })
  }
  if (field.kind === 'list') return parseList(given.texts)
  const [text = '', ...more] = given.texts
  if (more.length > 0) {
    const { expected, remedy } = sources.texts.form.repeated
    throw new DffError({
      code: 'BAD_USAGE',
      place: given.place,
      expected,
      got: String(given.texts.length),
      remedy,
    })
  }
  if (field.isSecret) return readSecret(text, given.place, sources)
  return parseScalar(field, text, given.place, sources.texts)
}
