/** Writes startup/<set>.ts for every deployable set: what `dff deploy` writes when the form is left at its defaults, and holds its examples where it has none. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { addHeader } from '../runner/deploy/generated-text.ts'
import { placeholdersOf, renderTemplate } from '../runner/deploy/template.ts'
import type { FormValues } from '../runner/host-api.ts'
import { fillForm, formProperties, type FormSchema } from '../runner/market/form.ts'
import { makeListing } from './gen-marketplace.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What must be filled in and has no default. */
function examplesOf(form: FormSchema): FormValues {
  const required = (form['required'] ?? []) as readonly string[]
  const properties = formProperties(form)
  return Object.fromEntries(
    required.flatMap((name) => {
      const { default: otherwise, examples = [] } = properties[name] ?? {}
      const [example] = examples
      return otherwise !== undefined || example === undefined ? [] : [[name, example]]
    }),
  )
}

for (const { manifest, parameters } of makeListing(root).sets) {
  const { id, version, startup } = manifest
  if (startup === undefined || parameters === undefined) continue
  // The listing's schema types the form as an open object; it was read as JSON just now.
  const form = parameters as FormSchema
  const path = `scripts/${id}/${startup}`
  const body = renderTemplate({
    place: path,
    text: readFileSync(`${root}${path}`, 'utf8'),
    known: placeholdersOf(form),
    values: fillForm(id, form, examplesOf(form), {}).parameters,
    secrets: {},
  })
  writeFileSync(`${root}startup/${id}.ts`, addHeader(id, version, body))
}
