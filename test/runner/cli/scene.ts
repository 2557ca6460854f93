/** Runs a command line in this process against the double and a terminal that remembers. */
import { PassThrough, Writable } from 'node:stream'
import type { Prompter } from '../../../runner/cli/form/prompter.ts'
import type { CliParts } from '../../../runner/cli/invocation.ts'
import { runCli } from '../../../runner/cli/run.ts'
import { selectTexts } from '../../../runner/text/texts.ts'
import { makeClient, makeWorld, type World } from './double.ts'
import { BACKUP } from './sample.ts'

class Sink extends Writable {
  text = ''
  isTTY = false
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

export interface Scene {
  readonly world: World
  readonly env: Record<string, string>
  readonly stdin: string
  readonly isTTY: boolean
  readonly prompter: Prompter | undefined
  readonly onListening: (interrupt: () => void) => void
  readonly startHost: CliParts['host']['startHost']
  readonly restoreHome: CliParts['host']['restoreHome']
}

export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly world: World
}

/** Runs one command line against the double. */
export async function runScene(argv: readonly string[], scene: Partial<Scene> = {}): Promise<Outcome> {
  const world = scene.world ?? makeWorld()
  const stdin = Object.assign(new PassThrough(), { isTTY: scene.isTTY === true })
  stdin.end(scene.stdin ?? '')
  const stdout = new Sink()
  const stderr = Object.assign(new Sink(), { isTTY: scene.isTTY === true })
  const env = { LANG: 'C', ...scene.env }
  const code = await runCli(argv, {
    terminal: { stdin, stdout, stderr },
    env,
    texts: selectTexts(env),
    host: {
      openClient: async () => makeClient(world),
      startHost: scene.startHost ?? (async () => undefined),
      restoreHome:
        scene.restoreHome ??
        (async (_home, { file }) => ({
          ...BACKUP,
          file,
          replaced: '/home/demo/.dff/host.db-replaced',
          restoredFiles: ['startup/guance_aws_lambda.ts'],
          keptFiles: [],
          isHostBack: null,
        })),
    },
    createPrompter: async () => {
      if (scene.prompter === undefined) throw new Error('nothing may be asked here')
      return scene.prompter
    },
    onInterrupt: (listener) => {
      scene.onListening?.(listener)
      return () => undefined
    },
  })
  return { code, stdout: stdout.text, stderr: stderr.text, world }
}

export function goldenFile(name: string): URL {
  return new URL(`golden/${name}.txt`, import.meta.url)
}
