import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { homePaths } from '../../runner/home.ts'
import type { HostMethods, MethodName } from '../../runner/host-api.ts'
import { callSocket } from '../../runner/socket/client.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** As bin/dff.cjs gives them to itself, so that it need not start twice. */
const FLAGS = ['--disable-sigusr1', '--disable-warning=ExperimentalWarning']

export interface HostProcessOptions {
  /** Of AWS: the simulator. */
  readonly endpointUrl: string
  /** Of Node, such as a preload. */
  readonly nodeArgs?: readonly string[]
  /** Of `dff start`. */
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Whether a process still does anything: one that is dead and not yet buried does not. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return !'ZX'.includes(stat[stat.lastIndexOf(')') + 2] ?? 'X')
  } catch {
    return false
  }
}

/** What a host says on its stdout, and when. */
export interface Note {
  readonly text: string
  /** By performance.now(). */
  readonly atMs: number
}

/** A real `dff start` in a home. */
export class HostProcess {
  readonly child: ChildProcess
  readonly home: string
  readonly spawnedMs = performance.now()
  readonly notes: Note[] = []
  /** What it said on stderr. */
  errors = ''
  readonly exited: Promise<number | null>
  readonly #waiting = new Set<() => void>()

  private constructor(home: string, { endpointUrl, nodeArgs = [], args = [], env = {} }: HostProcessOptions) {
    this.home = home
    this.child = spawn(
      process.execPath,
      [...FLAGS, ...nodeArgs, `${root}bin/dff.cjs`, 'start', '--json', ...args],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          PATH: process.env['PATH'],
          HOME: home,
          DFF_HOME: home,
          AWS_ENDPOINT_URL: endpointUrl,
          NO_COLOR: '1',
          ...env,
        },
      },
    )
    this.exited = once(this.child, 'exit').then(([code]) => {
      this.#wake()
      return code as number | null // by the event's first argument
    })
    this.child.stderr?.on('data', (chunk: Buffer) => (this.errors += chunk.toString()))
    if (this.child.stdout !== null)
      createInterface({ input: this.child.stdout }).on('line', (line) => this.#read(line))
  }

  /** Spawns it without waiting for anything. */
  static spawn(home: string, options: HostProcessOptions): HostProcess {
    return new HostProcess(home, options)
  }

  /** As spawn, once it runs. */
  static async start(home: string, options: HostProcessOptions): Promise<HostProcess> {
    const host = new HostProcess(home, options)
    await host.untilRunning()
    return host
  }

  /** Resolves once it owns the home and runs its triggers; rejects with what it said when it ends instead. */
  async untilRunning(): Promise<void> {
    await this.untilNote(/^dff .* runs /)
  }

  get pid(): number {
    return this.child.pid ?? -1
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  /** The first note from the `from`-th on that matches, whether it came already or not; rejects when the host ends before. */
  async untilNote(pattern: RegExp, from = 0): Promise<Note> {
    for (;;) {
      const found = this.notes.find(({ text }, index) => index >= from && pattern.test(text))
      if (found !== undefined) return found
      if (!this.isAlive) throw new Error(`the host ended without a note of ${pattern}: ${this.errors}`)
      await new Promise<void>((resolve) => void this.#waiting.add(resolve))
    }
  }

  /** Processes of its tasks. */
  children(): readonly number[] {
    try {
      const text = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8')
      return text.trim().split(' ').filter(Boolean).map(Number)
    } catch {
      return []
    }
  }

  /** Calls the host over its socket, and never becomes the owner of the home as a command would. */
  async call<Name extends MethodName>(
    method: Name,
    input: HostMethods[Name]['input'],
  ): Promise<HostMethods[Name]['output']> {
    const signal = new AbortController().signal
    const result = await callSocket(homePaths(this.home), { method, input }, () => undefined, signal)
    return result as HostMethods[Name]['output'] // by the table of host-api.ts
  }

  /** kill -9; resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.isAlive) this.child.kill('SIGKILL')
    await this.exited
  }

  /** SIGTERM; resolves with its exit code. */
  async stop(): Promise<number | null> {
    if (this.isAlive) this.child.kill('SIGTERM')
    return this.exited
  }

  #read(line: string): void {
    const event = JSON.parse(line) as { readonly kind: string; readonly text?: string } // what `start --json` streams
    this.notes.push({ text: event.text ?? '', atMs: performance.now() })
    this.#wake()
  }

  #wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const resolve of waiting) resolve()
  }
}
