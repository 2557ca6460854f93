import { readFileSync } from 'node:fs'
import { text as readText } from 'node:stream/consumers'
import { DffError } from '../../../core/error.ts'
import type { Texts } from '../../text/texts.ts'

/** Where secrets may come from, and what can be read only once. */
export interface SecretSources {
  readonly texts: Texts
  readonly env: NodeJS.ProcessEnv
  readonly stdin: NodeJS.ReadableStream
  /** Called with a sentence when a secret stands in the command line itself. */
  warn(sentence: string): void
  /** Set by the first `-`: stdin can be read once. */
  isStdinTaken: boolean
}

function fail(place: string, parts: { expected: string; got: string; remedy: string }): DffError {
  return new DffError({ code: 'BAD_PARAMETER', place, ...parts })
}

/** Editors and `echo` end a file with a newline that is no part of the secret. */
function dropFinalNewline(text: string): string {
  return text.replace(/\r?\n$/, '')
}

function readEnv(name: string, place: string, { texts, env }: SecretSources): string {
  const value = env[name]
  if (value !== undefined && value !== '') return value
  const { envExpected, envRemedy } = texts.form.source
  const got = value === undefined ? 'nothing' : 'an empty variable'
  throw fail(place, { expected: envExpected(name), got, remedy: envRemedy(name) })
}

function readFile(path: string, place: string, { texts }: SecretSources): string {
  try {
    return dropFinalNewline(readFileSync(path, 'utf8'))
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error)
    const { fileExpected, fileRemedy } = texts.form.source
    throw fail(place, { expected: fileExpected(path), got, remedy: fileRemedy })
  }
}

async function readStdin(place: string, sources: SecretSources): Promise<string> {
  const { stdinExpected, stdinGot, stdinRemedy } = sources.texts.form.source
  if (sources.isStdinTaken) {
    throw fail(place, { expected: stdinExpected, got: stdinGot, remedy: stdinRemedy })
  }
  sources.isStdinTaken = true
  return dropFinalNewline(await readText(sources.stdin))
}

async function readSource(given: string, place: string, sources: SecretSources): Promise<string> {
  if (given === '-') return readStdin(place, sources)
  if (given.startsWith('env:')) return readEnv(given.slice('env:'.length), place, sources)
  if (given.startsWith('file:')) return readFile(given.slice('file:'.length), place, sources)
  sources.warn(sources.texts.form.source.literalWarning(place))
  return given
}

/** The secret that `env:NAME`, `file:PATH`, `-` or a literal stands for; BAD_PARAMETER when it is not there. */
export async function readSecret(given: string, place: string, sources: SecretSources): Promise<string> {
  const value = await readSource(given, place, sources)
  if (value !== '') return value
  const { emptyExpected, emptyRemedy } = sources.texts.form.source
  throw fail(place, { expected: emptyExpected, got: 'nothing', remedy: emptyRemedy })
}
