import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** True when this code is TypeScript in a checkout, false when it is the compiled `dist/` of the published package. */
const isSource: boolean = import.meta.url.endsWith('.ts')

function findRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
}

/** The package's own folder, the same in a checkout and when installed. */
export const PACKAGE_ROOT: string = findRoot()

/** Folder that holds the running code: the checkout itself, or `dist/`. */
export const CODE_ROOT: string = isSource ? PACKAGE_ROOT : join(PACKAGE_ROOT, 'dist')

/** A file of the running code by its source name: `runner/task/child.ts` is `dist/runner/task/child.js` when published. */
export function codePath(sourceName: string): string {
  return join(CODE_ROOT, isSource ? sourceName : sourceName.replace(/\.ts$/, '.js'))
}

export const PACKAGE_VERSION: string = (
  JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as { readonly version: string }
).version
