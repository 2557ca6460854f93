/**
 * What a task may read beside its Startup script. The folder may be shared, in a repository for example: a link in it
 * that leads elsewhere (to the key file, say) must not become a right to read what it leads to, and Node's permission
 * model follows links.
 */
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, sep } from 'node:path'
import { DffError } from '../../core/error.ts'

/** More files than any set of Startup scripts has; each is an argument of the task's process. */
const MAX_FILES = 1_000
const MAX_DEPTH = 8

/** Node reads a star in a path that is allowed as "whatever begins like this". */
export const STAR = '*'

function isInside(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`)
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    // A link to nothing.
    return undefined
  }
}

class Walk {
  readonly #root: string
  readonly found: string[] = []

  constructor(folder: string) {
    this.#root = realpathSync(folder)
    this.#visit(folder, 0)
  }

  #visit(folder: string, depth: number): void {
    for (const name of readdirSync(folder)) {
      if (name.startsWith('.') || name === 'node_modules' || this.found.length >= MAX_FILES) continue
      // The files that it would open as well are not only these: hidden ones, and links out of the folder.
      if (name.includes(STAR)) continue
      this.#take(join(folder, name), depth)
    }
  }

  #take(path: string, depth: number): void {
    const real = realOf(path)
    if (real === undefined || !isInside(this.#root, real) || real.includes(STAR)) return
    const stats = statSync(real)
    // A file that is reached through a link is asked for by both names.
    if (stats.isFile()) this.found.push(...new Set([path, real]))
    else if (stats.isDirectory() && depth < MAX_DEPTH) this.#visit(path, depth + 1)
  }
}

/**
 * Neighbours of a Startup script that it may import; what begins with a dot (`.dff`, `.env`) is never among them, and
 * a script that lies in the home itself or in `.dff` has none.
 */
export function startupFiles(scriptPath: string): readonly string[] {
  const folder = dirname(scriptPath)
  const isHost = basename(folder).startsWith('.') || existsSync(join(folder, '.dff'))
  if (isHost || !existsSync(folder)) return []
  return new Walk(folder).found
}

/**
 * Throws SCRIPT_INVALID for a Startup script that is a link out of its folder: what it leads to would be read, and
 * quoted in the error of whoever tries to run it.
 */
export function checkScriptPlace(scriptPath: string): void {
  const folder = realOf(dirname(scriptPath))
  const real = realOf(scriptPath)
  if (folder === undefined || real === undefined || isInside(folder, real)) return
  throw new DffError({
    code: 'SCRIPT_INVALID',
    place: scriptPath,
    expected: 'a Startup script that lies in its folder',
    got: `a link to ${real}`,
    remedy: 'Copy the file there, or make the whole folder a link.',
  })
}
