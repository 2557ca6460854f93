import { type ChildProcess, fork } from 'node:child_process'
import { codePath } from '../package.ts'
import type { HostMessage, StartMessage } from './ipc.ts'
import { readResidentMb, signalGroup } from './process-group.ts'
import { taskArguments, taskEnvironment } from './sandbox.ts'

export interface ProcessLimits {
  /** Between the request to stop and SIGTERM; also for ending after the last message. */
  readonly graceMs: number
  /** Between SIGTERM, which a script may handle, and SIGKILL, which it cannot. */
  readonly killMs: number
  /** Neither heap limit counts buffers; seven times what 10,000 functions need (design §8). */
  readonly residentMb: number
}

const MEMORY_CHECK_MS = 1_000

/** How a process ended, as Node tells it. */
export interface Exit {
  readonly code: number | null
  readonly signal: string | null
  /** There never was a process. */
  readonly spawnError: Error | undefined
}

export interface ProcessEvents {
  readonly onOutput: (stream: 'stdout' | 'stderr', bytes: Buffer) => void
  readonly onMessage: (message: unknown) => void
  readonly onTooLarge: () => void
}

function forkTask(start: StartMessage, env: NodeJS.ProcessEnv): ChildProcess {
  return fork(codePath('runner/task/child.ts'), [], {
    execPath: process.execPath,
    execArgv: [...taskArguments(start.scriptPath, start.sets)],
    env: taskEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
    // Its own process group, so that whatever it might start ends with it.
    detached: true,
  })
}

/** The process of a task: how it is made, spoken to and ended, whatever the code inside it wants. */
export class TaskProcess {
  /** Resolves when the process is gone and its output has been read. */
  readonly exited: Promise<Exit>
  readonly #child: ChildProcess
  readonly #limits: ProcessLimits
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(
    start: StartMessage,
    { env, limits, events }: { env: NodeJS.ProcessEnv; limits: ProcessLimits; events: ProcessEvents },
  ) {
    this.#limits = limits
    this.#child = forkTask(start, env)
    this.exited = this.#listen(events)
    this.#timers.add(setInterval(() => this.#checkMemory(events.onTooLarge), MEMORY_CHECK_MS))
  }

  /** undefined when no process could be made. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  send(message: HostMessage): void {
    // A process that is gone reports its end elsewhere.
    if (this.#child.connected) this.#child.send(message, () => undefined)
  }

  /** Asks, then insists, then ends: what a script does about the first two does not matter. */
  stop(): void {
    const { graceMs, killMs } = this.#limits
    this.send({ kind: 'abort' })
    this.#later(graceMs, () => this.#signal('SIGTERM'))
    this.#later(graceMs + killMs, () => this.kill())
  }

  /** Lets the process end by itself after its last message, for so long. */
  endSoon(): void {
    this.#later(this.#limits.graceMs, () => this.kill())
  }

  kill(): void {
    this.#signal('SIGKILL')
  }

  #listen(events: ProcessEvents): Promise<Exit> {
    const child = this.#child
    const { promise, resolve } = Promise.withResolvers<Exit>()
    const settle = (exit: Exit): void => {
      for (const timer of this.#timers) clearTimeout(timer)
      resolve(exit)
    }
    child.stdout?.on('data', (bytes: Buffer) => events.onOutput('stdout', bytes))
    child.stderr?.on('data', (bytes: Buffer) => events.onOutput('stderr', bytes))
    child.on('message', events.onMessage)
    child.on('error', (spawnError) => {
      // Failed sends come here too; only without a process nothing else reports an end.
      if (child.pid === undefined) settle({ code: null, signal: null, spawnError })
    })
    // A task without its channel can neither report nor be asked; it ends itself unless it fights that.
    child.on('disconnect', () => this.endSoon())
    child.on('exit', () => {
      this.kill()
      // Something of the group could hold the pipes open for ever.
      this.#later(this.#limits.graceMs, () => {
        child.stdout?.destroy()
        child.stderr?.destroy()
      })
    })
    child.on('close', (code, signal) => settle({ code, signal, spawnError: undefined }))
    return promise
  }

  #checkMemory(onTooLarge: () => void): void {
    const residentMb = this.#child.pid === undefined ? undefined : readResidentMb(this.#child.pid)
    if (residentMb !== undefined && residentMb > this.#limits.residentMb) onTooLarge()
  }

  #signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (this.#child.pid !== undefined) signalGroup(this.#child.pid, signal)
  }

  #later(delayMs: number, action: () => void): void {
    this.#timers.add(setTimeout(action, delayMs))
  }
}
