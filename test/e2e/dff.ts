import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { type SimulatorInfo, startSimulatorProcess } from '../../tools/simulator-process.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What a finished command left behind. */
interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Stands for a user's shell: a simulator process, a home of its own, and real `dff` processes. Dispose ends and removes all of it. */
export interface Shell extends AsyncDisposable {
  readonly home: string
  readonly info: SimulatorInfo
  readonly secret: string
  readonly keyId: string
  /** What the form of a set asks for to use the simulator's first account. */
  readonly keyFlags: readonly string[]
  dff(...args: string[]): Promise<Finished>
  /** A command that must succeed, with `--json`: its one document. */
  json<T>(...args: string[]): Promise<T>
  /** A command that is left running, such as `dff start`. */
  spawn(...args: string[]): ChildProcess
  /** The control API of the simulator: GET without a body, POST with one. */
  control(path: string, body?: object): Promise<unknown>
}

function startProcess(args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
}

async function finish(child: ChildProcess): Promise<Finished> {
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
  child.stdout?.on('data', (chunk: Buffer) => chunks.stdout.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => chunks.stderr.push(chunk))
  const [code] = (await once(child, 'close')) as [number | null]
  return {
    code,
    stdout: Buffer.concat(chunks.stdout).toString(),
    stderr: Buffer.concat(chunks.stderr).toString(),
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

/** Only what a user's shell would have: nothing of the test runner's own environment but PATH. */
function cleanEnvironment(home: string, info: SimulatorInfo, secret: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: home,
    DFF_HOME: home,
    AWS_ENDPOINT_URL: info.url,
    AK_SECRET: secret,
    WRONG_SECRET: 'one-that-belongs-to-no-key-of-AWS',
    NO_COLOR: '1',
  }
}

/** Opens a shell on a fresh home. `simulatorArgs` are the simulator's own flags. */
export async function openShell(...simulatorArgs: string[]): Promise<Shell> {
  const home = mkdtempSync(join(tmpdir(), 'dff e2e 中文-'))
  const {
    info,
    key,
    stop: stopSimulator,
  } = await startSimulatorProcess(`${root}simulator/main.ts`, [
    // The two weeks that the first look at each function asks for would be most of a test's time.
    '--history',
    '24',
    ...simulatorArgs,
  ])
  const env = cleanEnvironment(home, info, key.secretAccessKey)
  const running: ChildProcess[] = []
  const spawnDff = (...args: string[]): ChildProcess => {
    const child = startProcess(['bin/dff.cjs', ...args], env)
    running.push(child)
    return child
  }
  const dff = (...args: string[]): Promise<Finished> => finish(spawnDff(...args))
  return {
    home,
    info,
    secret: key.secretAccessKey,
    keyId: key.accessKeyId,
    keyFlags: ['-p', `ak_id=${key.accessKeyId}`, '-p', 'ak_secret=env:AK_SECRET'],
    dff,
    async json<T>(...args: string[]) {
      const { code, stdout, stderr } = await dff(...args, '--json')
      expect({ args, code, stderr }).toMatchObject({ code: 0 })
      return JSON.parse(stdout) as T
    },
    spawn: spawnDff,
    async control(path, body) {
      const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
      const response = await fetch(`${info.url}/control/${path}`, init)
      if (!response.ok) throw new Error(`control ${path}: ${response.status} ${await response.text()}`)
      return response.json()
    },
    async [Symbol.asyncDispose]() {
      for (const child of running) await stop(child)
      await stopSimulator()
      rmSync(home, { recursive: true, force: true })
    },
  }
}
