import { SECOND_MS } from '../../core/time.ts'
import { prepareHome } from '../home-folder.ts'
import { type HomePaths, homePaths } from '../home.ts'
import { homeBusy, type Owner, readOwner, tryOwn } from '../owner.ts'
import { callSocket, HostGone } from '../socket/client.ts'
import { sleep } from '../wait.ts'
import type { RestoreResult } from './backup-row.ts'
import { placeFiles, placeStore } from './place.ts'
import { stageBackup } from './stage.ts'

/** A host gives its tasks half a minute to end and delivery a few seconds; a command is gone sooner. */
const BORROW_WAIT_MS = 60 * SECOND_MS
/** A host that has its home back opens its store and answers. */
const BACK_WAIT_MS = 30 * SECOND_MS
const POLL_MS = 50
/** Asked again after this: another command may have been quicker, and the host have taken its home back. */
const ASK_AGAIN_MS = 5 * SECOND_MS

export interface RestoreOptions {
  /** Absolute. */
  readonly file: string
  /** As the user typed it. */
  readonly command: string
  readonly signal: AbortSignal
}

interface Borrowed {
  readonly owner: Owner
  /** A host waits to have it back. */
  readonly isLent: boolean
}

async function ask(paths: HomePaths, method: 'home.lend' | 'status', signal: AbortSignal): Promise<boolean> {
  try {
    await callSocket(paths, { method, input: {} }, () => undefined, signal)
    return true
  } catch (error) {
    if (error instanceof HostGone) return false
    throw error
  }
}

/** Becomes the owner: at once, when a command has left, or when the host lends its home. Rejects with HOME_BUSY. */
async function borrowHome(paths: HomePaths, { command, signal }: RestoreOptions): Promise<Borrowed> {
  const deadlineMs = Date.now() + BORROW_WAIT_MS
  let isLent = false
  let askAgainMs = 0
  for (;;) {
    const owner = tryOwn(paths, { mode: 'command', command })
    if (owner !== undefined) return { owner, isLent }
    const other = readOwner(paths)
    if (other?.mode === 'start' && Date.now() >= askAgainMs) {
      isLent = (await ask(paths, 'home.lend', signal)) || isLent
      askAgainMs = Date.now() + ASK_AGAIN_MS
    }
    if (signal.aborted) throw homeBusy(paths, other, 'Interrupted: nothing was changed.')
    if (Date.now() > deadlineMs) {
      throw homeBusy(paths, other, 'Nothing was changed. Stop it, then restore again.')
    }
    // In turn: each attempt is one look at the lock.
    await sleep(POLL_MS, signal)
  }
}

async function waitForHost(paths: HomePaths, signal: AbortSignal): Promise<boolean> {
  const deadlineMs = Date.now() + BACK_WAIT_MS
  while (Date.now() < deadlineMs && !signal.aborted) {
    // In turn, until it answers; whatever it says before is about its coming up.
    if (await ask(paths, 'status', signal).catch(() => false)) return true
    await sleep(POLL_MS, signal)
  }
  return false
}

/**
 * `dff restore FILE`: puts a backup in the place of a home's store. A host that runs lends its home for that and goes on
 * with what was restored. Rejects with BACKUP_REFUSED, KEY_MISMATCH, STORE_CORRUPT, HOME_BUSY or HOME_UNUSABLE; then the
 * store is as it was.
 */
export async function restoreHome(home: string, options: RestoreOptions): Promise<RestoreResult> {
  const paths = homePaths(home)
  prepareHome(paths)
  const staged = await stageBackup(paths, options.file)
  try {
    const { owner, isLent } = await borrowHome(paths, options)
    let placed: Omit<RestoreResult, keyof typeof staged.row | 'isHostBack'>
    try {
      const files = await placeFiles(paths, staged.files)
      placed = { ...files, replaced: await placeStore(paths, staged) }
    } finally {
      owner.release()
    }
    const isHostBack = isLent ? await waitForHost(paths, options.signal) : null
    return { ...staged.row, ...placed, isHostBack }
  } finally {
    staged.discard()
  }
}
