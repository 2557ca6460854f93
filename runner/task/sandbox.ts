import { existsSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { DffError } from '../../core/error.ts'
import { CODE_ROOT, PACKAGE_ROOT } from '../package.ts'
import { LIBRARIES } from './libraries.ts'
import { STAR, startupFiles } from './startup-files.ts'

/** Measured at 10,000 functions: 317 MB resident without limits, 147 MB with these (design §8). */
export const MAX_OLD_SPACE_MB = 256
const MAX_SEMI_SPACE_MB = 8

/**
 * What a task inherits: where AWS is, through which proxy, with which certificates. No key, profile or home folder:
 * credentials come from the broker, and nothing else of the environment is a task's business.
 */
const INHERITED =
  /^(AWS_ENDPOINT_URL(_\w+)?|AWS_IGNORE_CONFIGURED_ENDPOINT_URLS|AWS_USE_(FIPS|DUALSTACK)_ENDPOINT|AWS_NODEJS_CONNECTION_REUSE_ENABLED|AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED|NODE_EXTRA_CA_CERTS|(HTTPS?|NO|ALL)_PROXY|(https?|no|all)_proxy|SystemRoot)$/

/** The environment of a task process. */
export function taskEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const inherited = Object.entries(env).filter(
    (entry): entry is [string, string] => INHERITED.test(entry[0]) && entry[1] !== undefined,
  )
  return {
    ...Object.fromEntries(inherited),
    TZ: 'UTC',
    NO_COLOR: '1',
    // The SDK must never ask the machine's metadata service for the host's own role.
    AWS_EC2_METADATA_DISABLED: 'true',
  }
}

/** `/p/node_modules/.pnpm/x/node_modules/x/package.json` → `/p/node_modules`: dependencies lie anywhere below it. */
function outermostModules(path: string): string | undefined {
  return /^.*?[\\/]node_modules(?=[\\/])/.exec(path)?.[0]
}

/** Every `node_modules` that serves the host: in the package, hoisted to a parent, or behind a link. */
function moduleFolders(): readonly string[] {
  const resolver = createRequire(join(PACKAGE_ROOT, 'package.json'))
  return ['ajv', ...LIBRARIES].flatMap((library) => {
    const parents = resolver.resolve.paths(library) ?? []
    const folder = parents.find((parent) => existsSync(join(parent, library)))
    if (folder === undefined) return []
    const real = outermostModules(realpathSync(join(folder, library)))
    return real === undefined ? [folder] : [folder, real]
  })
}

function readablePaths(scriptPath: string, sets: Readonly<Record<string, string>>): ReadonlySet<string> {
  const code = ['core', 'runner'].map((folder) => join(CODE_ROOT, folder))
  const own = [...code, join(PACKAGE_ROOT, 'package.json'), ...moduleFolders()]
  // A package reached through a link is asked for by both names.
  const real = own.filter((path) => existsSync(path)).map((path) => realpathSync(path))
  return new Set([...own, ...real, ...Object.values(sets), scriptPath, ...startupFiles(scriptPath)])
}

/** In a folder with a star in its name no right can be given for one file alone. */
function refuseStar(paths: ReadonlySet<string>): void {
  const wrong = [...paths].find((path) => path.includes(STAR))
  if (wrong === undefined) return
  throw new DffError({
    code: 'HOME_UNUSABLE',
    place: wrong,
    expected: `a path without ${STAR}, which Node's permission model takes for any name`,
    got: 'one with it',
    remedy: 'Rename the folder, or use another home with --home DIR or DFF_HOME.',
  })
}

/**
 * Node's arguments for a task: no rights but to read its own code, a bounded heap, no SQLite, no debugger. Flags that
 * this Node does not know are left out. Defence in depth, not a sandbox: Node says so itself. Throws HOME_UNUSABLE for a
 * path that would open more than itself.
 */
export function taskArguments(scriptPath: string, sets: Readonly<Record<string, string>>): readonly string[] {
  const optional = ['--no-experimental-sqlite', '--disable-sigusr1', '--allow-net']
  const readable = readablePaths(scriptPath, sets)
  refuseStar(readable)
  return [
    '--permission',
    ...[...readable].map((path) => `--allow-fs-read=${path}`),
    ...optional.filter((flag) => process.allowedNodeEnvironmentFlags.has(flag)),
    // Stripping types is announced as experimental by Node 22; that is no news for a task log.
    '--disable-warning=ExperimentalWarning',
    `--max-old-space-size=${MAX_OLD_SPACE_MB}`,
    `--max-semi-space-size=${MAX_SEMI_SPACE_MB}`,
  ]
}
