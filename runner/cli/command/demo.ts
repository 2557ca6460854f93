import { parseCount } from '../argument.ts'
import { answerLine, type ExitCode, type Invocation } from '../invocation.ts'
import type { Registry } from '../registry.ts'

interface Options {
  readonly functions: string
  readonly regions: string
  readonly keep?: boolean
}

/** Enough for every metric of the seed to appear, and done in seconds. */
const DEFAULT_FUNCTIONS = '60'
const DEFAULT_REGIONS = '2'

/** The demo holds all received points at once to count them; larger accounts are the benchmark's. */
const MAX_FUNCTIONS = 1_000
/** As many as the simulator has names for. */
const MAX_REGIONS = 10

async function demo(invocation: Invocation, options: Options): Promise<ExitCode> {
  const { texts } = invocation
  const functions = parseCount(texts, options.functions, { flag: '--functions', max: MAX_FUNCTIONS })
  const regions = parseCount(texts, options.regions, { flag: '--regions', max: MAX_REGIONS })
  // Loaded here: no other command needs it.
  const { runDemo } = await import('../demo.ts')
  const { isFaithful } = await import('../demo-report.ts')
  const report = await runDemo(invocation, { functions, regions, keep: options.keep === true })
  if (invocation.isJson) answerLine(invocation, report)
  return isFaithful(report) ? 0 : 1
}

export function addDemoCommand({ program, parts: { texts }, action }: Registry): void {
  const help = texts.help.demo
  program
    .command('demo')
    .description(help.summary)
    .option('--functions <n>', help.functions, DEFAULT_FUNCTIONS)
    .option('--regions <n>', help.regions, DEFAULT_REGIONS)
    .option('--keep', help.keep)
    .action(action(demo))
}
