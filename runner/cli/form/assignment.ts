import { readFileSync } from 'node:fs'
import { DffError } from '../../../core/error.ts'
import type { Json } from '../../../core/json.ts'
import type { Texts } from '../../text/texts.ts'

/** A value as it was given: text of `-p` (each time it was), or JSON of the parameter file. */
export type Given =
  | { readonly kind: 'text'; readonly place: string; readonly texts: readonly string[] }
  | { readonly kind: 'json'; readonly place: string; readonly value: Json }

/** `-p key=value` pairs by key. Only the first `=` separates, so values may hold anything. */
export function parseAssignments(pairs: readonly string[], texts: Texts): Map<string, Given> {
  const byKey = new Map<string, string[]>()
  for (const pair of pairs) {
    const split = pair.indexOf('=')
    if (split < 1) {
      const { expected, remedy } = texts.form.assignment
      // Only what stands before an `=` may be shown: the rest may be a secret.
      const got = split === 0 ? 'no key before =' : 'no = in it'
      throw new DffError({ code: 'BAD_USAGE', place: '-p', expected, got, remedy })
    }
    const key = pair.slice(0, split)
    byKey.set(key, [...(byKey.get(key) ?? []), pair.slice(split + 1)])
  }
  return new Map(
    [...byKey].map(([key, values]) => [key, { kind: 'text', place: `-p ${key}`, texts: values }]),
  )
}

function parseObject(text: string, texts: Texts): Readonly<Record<string, Json>> {
  const parsed: unknown = JSON.parse(text)
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new TypeError(texts.form.paramsFile.notObject)
  }
  // What JSON.parse returns for an object is this.
  return parsed as Readonly<Record<string, Json>>
}

/** The parameters of a `--params` file by key. */
export function readParamsFile(path: string, texts: Texts): Map<string, Given> {
  try {
    const values = Object.entries(parseObject(readFileSync(path, 'utf8'), texts))
    return new Map(values.map(([key, value]) => [key, { kind: 'json', place: `${path}: ${key}`, value }]))
  } catch (error) {
    // A parser's message quotes the text around the mistake, which may be a secret.
    const got = error instanceof SyntaxError ? 'text that is not JSON' : (error as Error).message
    const { expected, remedy } = texts.form.paramsFile
    throw new DffError({ code: 'BAD_PARAMETER', place: path, expected, got, remedy })
  }
}
