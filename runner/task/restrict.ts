/**
 * Closes, inside a task process and before it loads user code, what Node's permission model leaves open. Each original
 * is replaced where it is reached last, so that nothing in the process leads to it any more.
 */
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import v8 from 'node:v8'

/** As Node's own refusals look, so that failure.ts names both alike. */
function refuse(permission: string, resource: unknown): never {
  const error = new Error(`A task may not do this: ${permission} ${String(resource)}`)
  throw Object.assign(error, { code: 'ERR_ACCESS_DENIED', permission, resource: String(resource) })
}

function replace(target: object, name: string, value: (...args: never[]) => unknown): void {
  if (Reflect.get(target, name) === undefined) return
  Object.defineProperty(target, name, { value, writable: false, configurable: false })
}

/** A signal may stop, end or (SIGUSR1) debug whoever gets it: the host and the other tasks are of the same user. */
function closeSignals(): void {
  const ownPid = process.pid
  const send = Reflect.get(process, '_kill') as (pid: number, signal: number) => number
  replace(process, '_kill', (pid: number, signal: number) =>
    pid === ownPid ? send(pid, signal) : refuse('Signal', pid),
  )
  replace(process, '_debugProcess', (pid: number) => refuse('Signal', pid))
  replace(os, 'setPriority', (pid: number) => refuse('Priority', pid))
}

/** A path in the file system is the host's control socket, a database server or a container daemon; AWS is none of them. */
function closeLocalSockets(channel: object): void {
  const handle = Reflect.get(channel, '_handle') as object
  const prototype = Object.getPrototypeOf(handle) as object
  for (const name of ['connect', 'connect2', 'bind', 'bind2']) {
    replace(prototype, name, (_request: unknown, path: unknown) => refuse('LocalSocket', path))
  }
}

/** `channel` is the open pipe to the host, through which the class of all pipes is reached. */
export function restrictProcess(channel: object): void {
  closeSignals()
  closeLocalSockets(channel)
  // V8 writes trace files wherever a flag tells it to.
  replace(v8, 'setFlagsFromString', (flags: string) => refuse('V8Flags', flags))
  syncBuiltinESMExports()
}
