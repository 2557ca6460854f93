import { registerHooks } from 'node:module'

const ROOT = new URL('../', import.meta.url)
const SET = /^guance-aws-lambda\/sets\/(\w+)$/

/** Lets this process import sets as they are in the tree: what a task process does for installed ones. */
export function resolveSets(): void {
  registerHooks({
    resolve: (specifier, context, next) => {
      if (specifier === 'guance-aws-lambda/dff') return next(new URL('core/dff.ts', ROOT).href, context)
      const [, id] = SET.exec(specifier) ?? []
      return next(id === undefined ? specifier : new URL(`scripts/${id}/main.ts`, ROOT).href, context)
    },
  })
}
