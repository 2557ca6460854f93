import { DffError } from '../../../core/error.ts'
import type { Json } from '../../../core/json.ts'
import { validateAgainst } from '../../../core/parameters.ts'
import { REGIONS } from '../../../core/regions.generated.ts'
import type { Texts } from '../../text/texts.ts'
import { formatValue } from '../view/format.ts'
import type { FormField } from './form-field.ts'
import type { Choice, Prompter, TextQuestion } from './prompter.ts'

function messageOf(field: FormField): string {
  return field.description === '' ? field.title : `${field.title} · ${field.description}`
}

function checkValue(field: FormField, value: Json): string | undefined {
  try {
    validateAgainst(field.schema, value, field.title)
    return undefined
  } catch (error) {
    if (error instanceof DffError) return error.message
    throw error
  }
}

function groupChoices(field: FormField, texts: Texts): Record<string, Choice[]> {
  const groups: Record<string, Choice[]> = {}
  for (const value of field.choices ?? []) {
    const region = field.isRegions ? REGIONS[value] : undefined
    const name =
      region === undefined ? field.title : (texts.form.partition[region.partition] ?? region.partition)
    const label = region === undefined ? value : `${value}  ${region.title}`
    groups[name] = [...(groups[name] ?? []), { value, label }]
  }
  return groups
}

function askText(field: FormField, texts: Texts): TextQuestion {
  const initial = field.defaultValue === undefined ? undefined : formatValue(field.defaultValue)
  return {
    message: messageOf(field),
    ...(field.isRequired ? {} : { placeholder: texts.form.optional }),
    ...(initial === undefined ? {} : { initial }),
    check: (value) =>
      value === '' && !field.isRequired ? undefined : checkValue(field, toJson(field, value)),
  }
}

function toJson(field: FormField, text: string): Json {
  if (field.kind === 'list') {
    return text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
  }
  return field.kind === 'number' || field.kind === 'integer' ? Number(text) : text
}

/** Asks one question of the form; undefined when it was left empty. */
export async function promptField(
  field: FormField,
  prompter: Prompter,
  texts: Texts,
): Promise<Json | undefined> {
  if (field.kind === 'list' && field.choices !== null) {
    const initial = Array.isArray(field.defaultValue) ? field.defaultValue.map(String) : []
    return prompter.chooseMany(messageOf(field), groupChoices(field, texts), initial)
  }
  if (field.kind === 'boolean') {
    const choices = [
      { value: 'true', label: texts.form.yes },
      { value: 'false', label: texts.form.no },
    ]
    return (
      (await prompter.choose(messageOf(field), choices, formatValue(field.defaultValue ?? false))) === 'true'
    )
  }
  if (field.choices !== null) {
    const choices = field.choices.map((value) => ({ value, label: value }))
    return prompter.choose(
      messageOf(field),
      choices,
      formatValue(field.defaultValue ?? field.choices[0] ?? ''),
    )
  }
  const question = askText(field, texts)
  const answer = await (field.isSecret ? prompter.secret(question) : prompter.text(question))
  return answer === '' ? undefined : toJson(field, answer)
}
