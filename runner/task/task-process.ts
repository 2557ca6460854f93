import { type ChildProcess, spawn } from 'node:child_process'
import { Duplex } from 'node:stream'
import { codePath } from '../package.ts'
import { CHANNEL_FD, encodeFrame, FrameReader } from './frame.ts'
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

/** Answers that a task has not read. An honest one asks for sixteen things at once; one that never reads would fill the host. */
const MAX_UNREAD_BYTES = 256 * 1024 ** 2

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
  /** It wrote what is no message, or reads no answer; nothing that it sends can be understood any more. */
  readonly onNonsense: (got: string) => void
  readonly onTooLarge: () => void
}

function startProcess(start: StartMessage, env: NodeJS.ProcessEnv): ChildProcess {
  const args = [...taskArguments(start.scriptPath, start.sets), codePath('runner/task/child.ts')]
  return spawn(process.execPath, args, {
    env: taskEnvironment(env),
    // The last is the channel; overlapped means nothing but on Windows, where a pipe is otherwise one way at a time.
    stdio: ['ignore', 'pipe', 'pipe', 'overlapped'],
    // Its own process group, so that whatever it might start ends with it.
    detached: true,
  })
}

/** The channel's end in the host; undefined when no process could be made. */
function channelOf(child: ChildProcess): Duplex | undefined {
  const stream: unknown = child.stdio[CHANNEL_FD]
  return stream instanceof Duplex ? stream : undefined
}

/** The process of a task: how it is made, spoken to and ended, whatever the code inside it wants. */
export class TaskProcess {
  /** Resolves when the process is gone and its output has been read. */
  readonly exited: Promise<Exit>
  readonly #child: ChildProcess
  readonly #channel: Duplex | undefined
  readonly #events: ProcessEvents
  readonly #limits: ProcessLimits
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(
    start: StartMessage,
    { env, limits, events }: { env: NodeJS.ProcessEnv; limits: ProcessLimits; events: ProcessEvents },
  ) {
    this.#limits = limits
    this.#events = events
    this.#child = startProcess(start, env)
    this.#channel = channelOf(this.#child)
    this.exited = this.#listen(events)
    this.#readChannel(events)
    this.#timers.add(setInterval(() => this.#checkMemory(events.onTooLarge), MEMORY_CHECK_MS))
  }

  /** undefined when no process could be made. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Throws for a message that is too large; a process that is gone reports its end elsewhere. */
  send(message: HostMessage): void {
    const channel = this.#channel
    if (channel === undefined || channel.destroyed || channel.writableEnded) return
    channel.write(encodeFrame(message))
    if (channel.writableLength > MAX_UNREAD_BYTES) {
      this.#events.onNonsense(`${channel.writableLength} bytes of answers that it does not read`)
    }
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
    child.on('error', (spawnError) => {
      // Failed signals come here too; only without a process nothing else reports an end.
      if (child.pid === undefined) settle({ code: null, signal: null, spawnError })
    })
    child.on('exit', () => {
      this.kill()
      // Something of the group could hold the pipes open for ever.
      this.#later(this.#limits.graceMs, () => {
        for (const stream of child.stdio) stream?.destroy()
      })
    })
    child.on('close', (code, signal) => settle({ code, signal, spawnError: undefined }))
    return promise
  }

  #readChannel({ onMessage, onNonsense }: ProcessEvents): void {
    const channel = this.#channel
    const reader = new FrameReader()
    channel?.on('data', (bytes: Buffer) => {
      try {
        reader.feed(bytes, onMessage)
      } catch (error) {
        // Discarded from here on, but still read, so that the stream can end.
        channel.removeAllListeners('data').resume()
        onNonsense(error instanceof Error ? error.message : String(error))
      }
    })
    // A reset is the end of a process that left something unread.
    channel?.on('error', () => channel.destroy())
    // A task without its channel can neither report nor be asked; it ends itself unless it fights that.
    channel?.on('close', () => this.endSoon())
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
