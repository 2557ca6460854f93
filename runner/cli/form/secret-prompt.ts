import { DffError } from '../../../core/error.ts'
import { type Invocation, isInteractive, makeSources } from '../invocation.ts'
import { readSecret } from './secret-source.ts'

interface SecretWanted {
  /** `env:NAME`, `file:PATH`, `-`, a literal; absent to be asked. */
  readonly source: string | undefined
  readonly place: string
  /** How it could have been given, for the error where nobody can be asked. */
  readonly flag: string
  readonly message: string
}

/** A secret from its source, or asked for masked on a terminal. */
export async function takeSecret(invocation: Invocation, wanted: SecretWanted): Promise<string> {
  const { texts } = invocation
  const { source, place, flag, message } = wanted
  const canAsk = isInteractive(invocation)
  // Reading `-` from a terminal would echo the secret.
  if (source !== undefined && !(source === '-' && canAsk)) {
    return readSecret(source, place, makeSources(invocation))
  }
  if (!canAsk) {
    const { expected, remedy } = texts.form.noTerminal
    throw new DffError({ code: 'BAD_USAGE', place, expected, got: 'nothing', remedy: remedy(flag) })
  }
  const prompter = await invocation.createPrompter(texts)
  const { emptyExpected } = texts.form.source
  return prompter.secret({ message, check: (value) => (value === '' ? emptyExpected : undefined) })
}
