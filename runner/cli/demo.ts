import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DffError } from '../../core/error.ts'
import type { LogLine, TaskRecord } from '../host-api.ts'
import { auditDemo, type DemoReport, renderDemoReport } from './demo-report.ts'
import { createDemoShell, type DemoShell, makeDemoEnv } from './demo-shell.ts'
import { type DemoSimulator, startDemoSimulator } from './demo-simulator.ts'
import type { Invocation } from './invocation.ts'
import { formatCount } from './view/format.ts'

export interface DemoOptions {
  readonly functions: number
  readonly regions: number
  readonly keep: boolean
}

const SET = 'guance_aws_lambda'

/** A log has a line per region and slice: enough to see what it is. */
const LOG_LINES = 12

/** Where the demo's commands find the secret: a variable of the child processes alone. */
const SECRET_VARIABLE = 'DEMO_AK_SECRET'

interface Typed {
  readonly records: readonly TaskRecord[]
  readonly log: readonly LogLine[]
}

/** The commands of the README, in the order a user types them; ends with what the tasks left behind. */
async function typeCommands(shell: DemoShell, { info }: DemoSimulator): Promise<Typed> {
  const [account] = info.accounts
  const parameters = [
    `ak_id=${account?.accessKeyId}`,
    `ak_secret=env:${SECRET_VARIABLE}`,
    `regions=${info.regions.join(',')}`,
  ]
  await shell.type(['market', 'list'])
  await shell.type(['connector', 'set', 'default', '--type', 'datakit', '--url', info.datakitUrl])
  await shell.type(['install', SET, ...parameters.flatMap((parameter) => ['-p', parameter])])
  await shell.type(['deploy', SET])
  await shell.type(['trigger', 'list'])
  await shell.type(['exec', SET])
  // The answers of our own commands: their shapes are those of host-api.ts.
  const records = (await shell.ask(['task', 'list'])) as readonly TaskRecord[]
  const taskId = records[0]?.id ?? ''
  await shell.type(['task', 'show', taskId])
  await shell.type(['log', taskId], { maxLines: LOG_LINES })
  await shell.type(['verify', SET])
  const { lines } = (await shell.ask(['log', taskId])) as { readonly lines: readonly LogLine[] }
  return { records, log: lines }
}

interface Stage {
  readonly simulator: DemoSimulator
  readonly home: string
  readonly signal: AbortSignal
  readonly write: (text: string) => void
}

async function perform(invocation: Invocation, options: DemoOptions, stage: Stage): Promise<DemoReport> {
  const { texts } = invocation
  const { simulator, home, signal, write } = stage
  const { url, regions, accounts } = simulator.info
  write(`${texts.demo.simulator(url, formatCount(texts, options.functions), regions)}\n`)
  write(`${texts.demo.home(home)}\n`)
  const env = makeDemoEnv({
    DFF_HOME: home,
    AWS_ENDPOINT_URL: url,
    [SECRET_VARIABLE]: accounts[0]?.secretAccessKey ?? '',
  })
  const typed = await typeCommands(createDemoShell({ env, signal, texts, write }), simulator)
  return auditDemo({ simulator, ...typed, functions: options.functions, texts })
}

/** Does the whole job on a simulator in a home of its own; everything it started is gone afterwards. */
export async function runDemo(invocation: Invocation, options: DemoOptions): Promise<DemoReport> {
  const { texts, terminal, isJson } = invocation
  const startedAtMs = Date.now()
  const stream = isJson ? terminal.stderr : terminal.stdout
  const write = (text: string): void => void stream.write(text)
  const controller = new AbortController()
  const dispose = invocation.onInterrupt(() => controller.abort())
  const { signal } = controller
  const home = await mkdtemp(join(tmpdir(), 'dff-demo-'))
  let simulator: DemoSimulator | undefined
  try {
    write(`${texts.demo.intro}\n`)
    simulator = await startDemoSimulator({ ...options, signal, texts })
    const report = await perform(invocation, options, { simulator, home, signal, write })
    write(`${renderDemoReport(texts, report, Date.now() - startedAtMs).join('\n')}\n`)
    return report
  } catch (error) {
    if (!signal.aborted) throw error
    throw new DffError({ code: 'CHECK_FAILED', ...texts.demo.interrupted }, { cause: error })
  } finally {
    dispose()
    await simulator?.stop()
    if (options.keep) write(`${texts.demo.kept(home)}\n`)
    else await rm(home, { recursive: true, force: true })
  }
}
