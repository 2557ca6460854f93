/**
 * One process owns a home. The proof is an exclusive transaction held on a file of its own: the kernel frees it at
 * kill -9, so no stale lock has to be judged. owner.json only says who, for the message of whoever is refused.
 */
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { DffError } from '../core/error.ts'
import { type EpochMs, formatTime } from '../core/time.ts'
import { homeUnusable } from './home-folder.ts'
import { PRIVATE_FILE } from './home-modes.ts'
import type { HomePaths } from './home.ts'

/** SQLITE_BUSY: another process holds the lock. */
const SQLITE_BUSY = 5

export interface OwnerInfo {
  readonly pid: number
  readonly startedAtMs: EpochMs
  /** `start` stays until it is told to stop, `command` only for its own duration. */
  readonly mode: 'start' | 'command'
  /** As the user typed it, e.g. `dff exec guance_aws_lambda`. */
  readonly command: string
}

export interface Owner {
  readonly info: OwnerInfo
  release(): void
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && (error as Error & { readonly errcode?: number }).errcode === SQLITE_BUSY
}

function openLock(path: string): DatabaseSync | undefined {
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(path, { timeout: 0 })
    lock.exec('BEGIN EXCLUSIVE')
    // By its name: a descriptor of our own, once closed, would drop the lock.
    chmodSync(path, PRIVATE_FILE)
    return lock
  } catch (error) {
    lock?.close()
    if (isBusy(error)) return undefined
    throw homeUnusable(path, error)
  }
}

function writeInfo(paths: HomePaths, info: OwnerInfo): void {
  const temporary = `${paths.ownerInfo}.${process.pid}`
  writeFileSync(temporary, JSON.stringify(info), { mode: 0o600 })
  renameSync(temporary, paths.ownerInfo)
}

/**
 * Takes the home, or answers undefined when another process has it; throws HOME_UNUSABLE. Nothing in this process may
 * open and close the lock file by other means: POSIX drops a process's locks with its first closed descriptor.
 */
export function tryOwn(paths: HomePaths, intent: Pick<OwnerInfo, 'mode' | 'command'>): Owner | undefined {
  const lock = openLock(paths.ownerLock)
  if (lock === undefined) return undefined
  const info: OwnerInfo = { pid: process.pid, startedAtMs: Date.now(), ...intent }
  try {
    writeInfo(paths, info)
  } catch (error) {
    lock.close()
    throw homeUnusable(paths.ownerInfo, error)
  }
  return {
    info,
    release: () => {
      if (!lock.isOpen) return
      // Before the lock goes: afterwards the file may be the next owner's.
      rmSync(paths.ownerInfo, { force: true })
      lock.close()
    },
  }
}

/** Who owns the home, as far as it said so; undefined between two owners. */
export function readOwner(paths: HomePaths): OwnerInfo | undefined {
  try {
    return JSON.parse(readFileSync(paths.ownerInfo, 'utf8')) as OwnerInfo
  } catch {
    return undefined
  }
}

/** HOME_BUSY that names the owner: pid, since when, and what it was told to do. */
export function homeBusy(paths: HomePaths, owner: OwnerInfo | undefined, remedy: string): DffError {
  const who =
    owner === undefined
      ? 'another process'
      : `process ${owner.pid}, \`${owner.command}\`, since ${formatTime(owner.startedAtMs)}`
  return new DffError({
    code: 'HOME_BUSY',
    place: paths.root,
    expected: 'a home that no other process owns',
    got: who,
    remedy,
  })
}
