import { DffError } from '../../../core/error.ts'
import type { Texts } from '../../text/texts.ts'

export interface Choice {
  readonly value: string
  readonly label: string
}

export interface TextQuestion {
  readonly message: string
  readonly placeholder?: string
  readonly initial?: string
  /** A sentence that says what is off, or undefined. */
  readonly check: (value: string) => string | undefined
}

/** How an interactive command asks. A parameter, so that forms are tested without a terminal. */
export interface Prompter {
  intro(title: string): void
  text(question: TextQuestion): Promise<string>
  /** Masked: neither echoed nor left in the scrollback. */
  secret(question: TextQuestion): Promise<string>
  choose(message: string, choices: readonly Choice[], initial: string): Promise<string>
  chooseMany(
    message: string,
    groups: Readonly<Record<string, readonly Choice[]>>,
    initial: readonly string[],
  ): Promise<readonly string[]>
}

/** Lines of a long list shown at once; the rest scrolls. */
const MAX_SHOWN_CHOICES = 12

/** Asks on stderr with clack, loaded here because only interactive paths may pay for it. */
export async function createClackPrompter(texts: Texts): Promise<Prompter> {
  const clack = await import('@clack/prompts')
  // clack writes to stdout by default, which belongs to the answer.
  const output = process.stderr
  const settle = <T>(answer: T): Exclude<T, symbol> => {
    if (clack.isCancel(answer)) throw new DffError({ code: 'BAD_USAGE', ...texts.form.cancelled })
    // clack answers with one symbol only, the cancel, but its guard does not narrow a generic.
    return answer as Exclude<T, symbol>
  }
  const checked = ({ message, placeholder, initial, check }: TextQuestion) => ({
    message,
    output,
    ...(placeholder === undefined ? {} : { placeholder }),
    ...(initial === undefined ? {} : { initialValue: initial }),
    validate: (value: string | undefined) => check(value ?? ''),
  })
  return {
    intro: (title) => clack.intro(title, { output }),
    text: async (question) => settle(await clack.text(checked(question))),
    secret: async (question) => settle(await clack.password(checked(question))),
    choose: async (message, choices, initial) =>
      settle(await clack.select({ message, output, options: [...choices], initialValue: initial })),
    chooseMany: async (message, groups, initial) => {
      const options = Object.fromEntries(Object.entries(groups).map(([name, list]) => [name, [...list]]))
      const answer = await clack.groupMultiselect({
        message,
        output,
        options,
        initialValues: [...initial],
        maxItems: MAX_SHOWN_CHOICES,
        selectableGroups: false,
        ...(initial[0] === undefined ? {} : { cursorAt: initial[0] }),
      })
      return settle(answer)
    },
  }
}
