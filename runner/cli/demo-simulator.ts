import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { DffError } from '../../core/error.ts'
import { codePath } from '../package.ts'
import type { Texts } from '../text/texts.ts'

/** What the simulator says of itself on its first line. */
export interface SimulatorInfo {
  readonly url: string
  readonly accounts: readonly {
    readonly accountId: string
    readonly accessKeyId: string
    readonly secretAccessKey: string
  }[]
  readonly regions: readonly string[]
  readonly datakitUrl: string
}

export interface DemoSimulator {
  readonly info: SimulatorInfo
  /** Asks its control API; `body` makes it a POST. */
  control(path: string, body?: unknown): Promise<unknown>
  stop(): Promise<void>
}

export interface SimulatorWish {
  readonly functions: number
  readonly regions: number
  readonly signal: AbortSignal
  readonly texts: Texts
}

/** A cold start on a slow machine takes two or three seconds. */
const START_WAIT_MS = 30_000
/** It has nothing to flush: after this it is killed. */
const STOP_WAIT_MS = 3_000
/** An audit of a day of minutes is computed, not looked up. */
const CONTROL_WAIT_MS = 60_000

/** Most functions busy, so that every metric of the seed has something to show in a small account. */
const ACTIVE_SHARE = '0.9'

/** Two weeks, of which the first look at each function asks, would take longer to derive than everything else. */
const HISTORY_HOURS = '24'

function fail(texts: Texts, got: string): DffError {
  const { simulatorExpected: expected, simulatorRemedy: remedy } = texts.demo
  return new DffError({ code: 'CHECK_FAILED', place: 'simulator', expected, got, remedy })
}

async function readFirstLine(
  child: ChildProcess & { stdout: Readable },
  signal: AbortSignal,
): Promise<string> {
  const lines = createInterface({ input: child.stdout })
  const [line] = (await once(lines, 'line', { signal })) as [string]
  return line
}

function collectText(stream: Readable): () => string {
  let text = ''
  stream.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  return () => text.trim().replace(/\.$/, '')
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_WAIT_MS)
  await exited
  clearTimeout(kill)
}

async function askControl(url: string, body: unknown, signal: AbortSignal): Promise<unknown> {
  const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const bound = AbortSignal.any([signal, AbortSignal.timeout(CONTROL_WAIT_MS)])
  const response = await fetch(url, { ...(body === undefined ? {} : post), signal: bound })
  const text = await response.text()
  if (!response.ok) throw new TypeError(`${new URL(url).pathname} answered ${response.status}: ${text}`)
  const answer: unknown = JSON.parse(text)
  return answer
}

/** Starts the simulator as a process of its own on a free loopback port. */
export async function startDemoSimulator(wish: SimulatorWish): Promise<DemoSimulator> {
  const { functions, regions, signal, texts } = wish
  const args = [
    '--json',
    '--functions',
    String(functions),
    '--regions',
    String(regions),
    '--active',
    ACTIVE_SHARE,
    '--history',
    HISTORY_HOURS,
  ]
  const child = spawn(process.execPath, [codePath('simulator/main.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const complaint = collectText(child.stderr)
  const ended = new AbortController()
  child.once('close', () => ended.abort())
  child.once('error', () => ended.abort())
  try {
    const bound = AbortSignal.any([signal, ended.signal, AbortSignal.timeout(START_WAIT_MS)])
    // Our own program's own words: no need to check their shape again.
    const info = JSON.parse(await readFirstLine(child, bound)) as SimulatorInfo
    return {
      info,
      control: async (path, body) =>
        askControl(new URL(path, info.url).href, body, signal).catch((error: Error) => {
          throw fail(texts, error.message)
        }),
      stop: async () => stop(child),
    }
  } catch {
    await stop(child)
    signal.throwIfAborted()
    throw fail(texts, complaint() || 'nothing')
  }
}
