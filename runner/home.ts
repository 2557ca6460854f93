import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** Linux refuses a longer socket path (sun_path is 108 bytes with its NUL). */
const MAX_SOCKET_PATH_BYTES = 107

/** Every path of a home; nothing else in the runner joins paths below it. */
export interface HomePaths {
  readonly root: string
  /** The user's Startup scripts; may be committed, holds no secrets. */
  readonly startup: string
  /** The user's own prices, where they differ from the shipped ones; may be committed too. */
  readonly prices: string
  /** Everything that belongs to the host; carries a .gitignore of `*`. */
  readonly dff: string
  readonly database: string
  /** What a restore put another in the place of; kept until the next one. */
  readonly databaseReplaced: string
  /** Held open in an exclusive transaction by the owner; freed by the kernel at kill -9. */
  readonly ownerLock: string
  /** Who owns the home, for the message of whoever is refused. */
  readonly ownerInfo: string
  readonly key: string
  /** The next key, while a rotation is under way. */
  readonly nextKey: string
  readonly sets: string
  readonly socket: string
  readonly socketToken: string
  /** Where the connector `file` appends. */
  readonly output: string
}

/** A socket path over the kernel's limit moves to a folder under the temporary directory, named by the home's hash. */
function socketPath(root: string): string {
  const preferred = join(root, '.dff', 'host.sock')
  if (Buffer.byteLength(preferred) <= MAX_SOCKET_PATH_BYTES) return preferred
  const hash = createHash('sha256').update(root).digest('hex').slice(0, 32)
  return join(tmpdir(), `dff-${hash}`, 'host.sock')
}

export function homePaths(home: string): HomePaths {
  const root = resolve(home)
  const dff = join(root, '.dff')
  return {
    root,
    startup: join(root, 'startup'),
    prices: join(root, 'prices.json'),
    dff,
    database: join(dff, 'host.db'),
    databaseReplaced: join(dff, 'host.db-replaced'),
    ownerLock: join(dff, 'owner.db'),
    ownerInfo: join(dff, 'owner.json'),
    key: join(dff, 'key'),
    nextKey: join(dff, 'key.next'),
    sets: join(dff, 'sets'),
    socket: socketPath(root),
    socketToken: join(dff, 'host.token'),
    output: join(dff, 'output'),
  }
}

/** `guance_aws_lambda` → `startup__guance_aws_lambda`, the id of its Startup script (guance.md §4.1). */
export function startupScriptId(setId: string): string {
  return `startup__${setId}`
}

export function startupScriptPath(paths: HomePaths, setId: string): string {
  return join(paths.startup, `${setId}.ts`)
}
