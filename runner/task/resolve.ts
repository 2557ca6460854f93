import { accessSync, constants } from 'node:fs'
import { isBuiltin, registerHooks, type ResolveFnOutput, type ResolveHookContext } from 'node:module'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { DffError } from '../../core/error.ts'
import { codePath, PACKAGE_ROOT } from '../package.ts'
import { LIBRARIES } from './libraries.ts'

const CONTRACT = 'guance-aws-lambda/dff'
const SET_PREFIX = 'guance-aws-lambda/sets/'

/** What would reach around the host: its database, other processes and threads, a debugger. */
const CLOSED_BUILTINS = /^(node:)?(sqlite|child_process|worker_threads|cluster|inspector(\/promises)?)$/

const IMPORTABLE = `A script can import ${CONTRACT}, ${SET_PREFIX}<id> of an installed set, its own files by ./name.ts, ${LIBRARIES.join(', ')}, and Node's own modules as node:name.`

/** A folder of user code: the Startup scripts, or one installed generation of a set. */
interface Root {
  readonly folder: string
  /** Set id; undefined for the Startup scripts. */
  readonly setId: string | undefined
}

/** Where user code lies, so that errors name it as its author does. */
export interface CodeMap {
  /** `guance_aws_cloudwatch/fetch.ts` of a set's file, the whole path of a Startup script, undefined for other code. */
  show(url: string): string | undefined
  /** Whether it is what the user edits: the Startup script or a file beside it. */
  isStartup(url: string): boolean
  /** The file of user code that was read last: where V8 found a syntax error that it gives no place for. */
  lastLoaded(): string | undefined
}

type Next = (specifier: string, context?: Partial<ResolveHookContext>) => ResolveFnOutput

function isInside(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`)
}

function toPath(url: string | undefined): string | undefined {
  return url?.startsWith('file:') === true ? fileURLToPath(url) : undefined
}

/** Under the permission model a look at a file that is not there throws instead of saying no. */
function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

/** Lets user code import what design §4 lists and nothing else; code of the host and of packages resolves as ever. */
class TaskResolver implements CodeMap {
  readonly #roots: readonly Root[]
  readonly #sets: Readonly<Record<string, string>>
  #lastLoaded: string | undefined

  constructor(scriptPath: string, sets: Readonly<Record<string, string>>) {
    this.#sets = sets
    this.#roots = [
      ...Object.entries(sets).map(([setId, folder]) => ({ setId, folder })),
      { setId: undefined, folder: dirname(scriptPath) },
    ]
  }

  show(url: string): string | undefined {
    const path = toPath(url)
    const root = this.#rootOf(path)
    if (path === undefined || root === undefined) return undefined
    return root.setId === undefined
      ? path
      : `${root.setId}/${relative(root.folder, path).replaceAll(sep, '/')}`
  }

  isStartup(url: string): boolean {
    const root = this.#rootOf(toPath(url))
    return root !== undefined && root.setId === undefined
  }

  lastLoaded(): string | undefined {
    return this.#lastLoaded
  }

  noteLoad(url: string): void {
    this.#lastLoaded = this.show(url) ?? this.#lastLoaded
  }

  resolve(specifier: string, context: ResolveHookContext, next: Next): ResolveFnOutput {
    const parentPath = toPath(context.parentURL)
    const root = this.#rootOf(parentPath)
    // data: and other URLs have no file: whatever they import is asked for by user code too.
    const isOurs = root === undefined && (context.parentURL === undefined || parentPath !== undefined)
    if (isOurs) return this.#resolveForHost(specifier, context, next)
    if (specifier === CONTRACT) return next(pathToFileURL(codePath('core/dff.ts')).href, context)
    if (specifier.startsWith(SET_PREFIX)) return this.#resolveSet(specifier, context)
    if (LIBRARIES.includes(specifier)) {
      return next(specifier, {
        ...context,
        parentURL: pathToFileURL(join(PACKAGE_ROOT, 'package.json')).href,
      })
    }
    if (CLOSED_BUILTINS.test(specifier)) throw this.#closed(specifier, context)
    if (isBuiltin(specifier)) return next(specifier, context)
    return this.#resolveOwnFile(specifier, context, root)
  }

  #rootOf(path: string | undefined): Root | undefined {
    return path === undefined ? undefined : this.#roots.find(({ folder }) => isInside(folder, path))
  }

  #resolveForHost(specifier: string, context: ResolveHookContext, next: Next): ResolveFnOutput {
    const root = this.#rootOf(toPath(specifier))
    return root === undefined ? next(specifier, context) : this.#userModule(specifier, context)
  }

  #closed(specifier: string, context: ResolveHookContext): DffError {
    return new DffError({
      code: 'ISOLATION',
      place: this.#importer(context),
      expected: 'only modules that a task may use',
      got: `an import of ${specifier}`,
      remedy:
        'A task has no database, no other programs, threads or debugger: keep state with context.load and context.commit, and leave the rest out.',
    })
  }

  #resolveSet(specifier: string, context: ResolveHookContext): ResolveFnOutput {
    const folder = Object.hasOwn(this.#sets, specifier.slice(SET_PREFIX.length))
      ? this.#sets[specifier.slice(SET_PREFIX.length)]
      : undefined
    if (folder !== undefined) return this.#userModule(pathToFileURL(join(folder, 'main.ts')).href, context)
    const id = specifier.slice(SET_PREFIX.length)
    const known = Object.keys(this.#sets)
    throw this.#invalid(specifier, context, {
      expected: `an installed set${known.length === 0 ? '' : ` (${known.join(', ')})`}`,
      remedy: `Install it with dff install ${id}, or correct the name.`,
    })
  }

  #resolveOwnFile(specifier: string, context: ResolveHookContext, root: Root | undefined): ResolveFnOutput {
    const isFile = /^(\.{1,2}\/|\/|file:)/.test(specifier)
    if (!isFile || root === undefined) {
      throw this.#invalid(specifier, context, {
        expected: 'an import that can be resolved',
        remedy: IMPORTABLE,
      })
    }
    const url = new URL(specifier, context.parentURL)
    const path = fileURLToPath(url)
    if (!isInside(root.folder, path)) {
      throw this.#invalid(specifier, context, {
        expected: "a file of the script's own folder",
        remedy: IMPORTABLE,
      })
    }
    if (!isReadable(path)) {
      const remedy = 'Relative imports name a file with its ending, for example ./filters.ts.'
      throw this.#invalid(specifier, context, { expected: 'a file that exists', remedy })
    }
    return this.#userModule(url.href, context)
  }

  /** User code lies outside any package, so its format is stated here instead of being looked up. */
  #userModule(url: string, context: ResolveHookContext): ResolveFnOutput {
    if (url.endsWith('.ts')) return { url, format: 'module-typescript', shortCircuit: true }
    if (!url.endsWith('.json')) {
      throw this.#invalid(url, context, {
        expected: 'a .ts or .json file',
        remedy: 'Rename it to end in .ts.',
      })
    }
    if (context.importAttributes['type'] !== 'json') {
      const remedy = "Add with { type: 'json' } to the import."
      throw this.#invalid(url, context, { expected: 'an import of JSON to say so', remedy })
    }
    return { url, format: 'json', shortCircuit: true }
  }

  #importer(context: ResolveHookContext): string {
    return (
      (context.parentURL === undefined ? undefined : this.show(context.parentURL)) ?? 'the Startup script'
    )
  }

  #invalid(
    specifier: string,
    context: ResolveHookContext,
    parts: { readonly expected: string; readonly remedy: string },
  ): DffError {
    const got = `the import ${JSON.stringify(this.show(specifier) ?? specifier)}`
    return new DffError({ code: 'SCRIPT_INVALID', place: this.#importer(context), got, ...parts })
  }
}

/** Installs the resolver for this process; from here on user code reaches only what it may import. */
export function registerTaskResolver(scriptPath: string, sets: Readonly<Record<string, string>>): CodeMap {
  const resolver = new TaskResolver(scriptPath, sets)
  registerHooks({
    resolve: (specifier, context, next) => resolver.resolve(specifier, context, next),
    load(url, context, next) {
      resolver.noteLoad(url)
      return next(url, context)
    },
  })
  return resolver
}
