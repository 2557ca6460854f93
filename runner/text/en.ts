import { demo } from './en/demo.ts'
import { form } from './en/form.ts'
import { help } from './en/help.ts'
import { view } from './en/view.ts'

/** Every sentence the command line prints, in English. Another language is another value of the same type. */
export const en = { locale: 'en-US', titleKey: 'en', help, form, view, demo } as const
