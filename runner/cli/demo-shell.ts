import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { DffError } from '../../core/error.ts'
import { PACKAGE_ROOT } from '../package.ts'
import type { Texts } from '../text/texts.ts'
import { formatCount } from './view/format.ts'

const LAUNCHER = join(PACKAGE_ROOT, 'bin', 'dff.cjs')

/** Runs the real command line in child processes, as a user would type it. */
export interface DemoShell {
  /** Shows the command and its output; throws CHECK_FAILED when it ends with another code than 0. */
  type(words: readonly string[], options?: { readonly maxLines?: number }): Promise<void>
  /** The JSON answer of a command, without showing anything. */
  ask(words: readonly string[]): Promise<unknown>
}

export interface ShellOptions {
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
  readonly texts: Texts
  readonly write: (text: string) => void
}

interface Ended {
  readonly code: number
  readonly stdout: string
}

/** Own AWS settings of the user must not reach the simulator, nor the simulator's run touch theirs; no proxy reaches loopback. */
export function makeDemoEnv(settings: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(AWS_|DFF_|HTTPS?_PROXY$|ALL_PROXY$)/i.test(name),
  )
  return { ...Object.fromEntries(inherited), AWS_EC2_METADATA_DISABLED: 'true', ...settings }
}

async function run(
  words: readonly string[],
  options: ShellOptions,
  onOutput: (text: string) => void,
): Promise<Ended> {
  const { env, signal } = options
  const child = spawn(process.execPath, [LAUNCHER, ...words], {
    env,
    signal,
    killSignal: 'SIGTERM',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  child.once('error', reject)
  child.once('close', (code) => resolve(code ?? 1))
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    onOutput(text)
  })
  child.stderr.setEncoding('utf8').on('data', onOutput)
  return { code: await promise, stdout }
}

/** Passes on the first lines of what it is given and counts the rest. */
function makeLimiter(maxLines: number, write: (text: string) => void) {
  let lines = 0
  return {
    add(text: string): void {
      for (const line of text.split(/(?<=\n)/)) {
        if (lines < maxLines) write(line)
        if (line.endsWith('\n')) lines += 1
      }
    },
    hidden: (): number => Math.max(0, lines - maxLines),
  }
}

export function createDemoShell(options: ShellOptions): DemoShell {
  const { write, texts } = options
  const { prompt, moreLines, stepFailed } = texts.demo
  const check = (words: readonly string[], { code }: Ended): void => {
    if (code === 0) return
    throw new DffError({ code: 'CHECK_FAILED', ...stepFailed(`dff ${words.join(' ')}`, String(code)) })
  }
  return {
    type: async (words, { maxLines = Infinity } = {}) => {
      write(`\n${prompt}dff ${words.join(' ')}\n`)
      const limiter = makeLimiter(maxLines, write)
      const ended = await run(words, options, (text) => limiter.add(text))
      if (limiter.hidden() > 0) write(`${moreLines(formatCount(texts, limiter.hidden()))}\n`)
      check(words, ended)
    },
    ask: async (words) => {
      const ended = await run([...words, '--json'], options, () => undefined)
      check(words, ended)
      const answer: unknown = JSON.parse(ended.stdout)
      return answer
    },
  }
}
