import { en } from './en.ts'

/** The texts of one language. */
export type Texts = Omit<typeof en, 'locale' | 'titleKey'> & {
  /** For numbers. */
  readonly locale: string
  /** Which text of a listing to show. */
  readonly titleKey: 'en' | 'zh'
}

const LANGUAGES: Readonly<Record<string, Texts>> = { en }

/** The texts for the user's language (`LC_ALL`, `LC_MESSAGES`, `LANG`), English where there are none. */
export function selectTexts(env: NodeJS.ProcessEnv): Texts {
  const language = (env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || '').slice(0, 2).toLowerCase()
  return Object.hasOwn(LANGUAGES, language) ? (LANGUAGES[language] ?? en) : en
}
