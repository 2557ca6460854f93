/**
 * `npm run test:chaos` runs every file of test/chaos through vitest, with whatever else is given; with `--kills N`,
 * `--seed N` or `--json` it runs the kills alone and prints what came of them.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type KillResult, runKills } from './kill-run.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const OWN_FLAGS = ['--kills', '--seed', '--json']
const DEFAULT_KILLS = 60
const DEFAULT_SEED = 1

async function runVitest(args: readonly string[]): Promise<number> {
  const vitest = `${root}node_modules/vitest/vitest.mjs`
  const child = spawn(process.execPath, [vitest, 'run', '--config', 'vitest.chaos.config.ts', ...args], {
    cwd: root,
    stdio: 'inherit',
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}

function isGood({ report, audit, sink }: KillResult): boolean {
  const isWhole = report.expected > 0 && report.missing === 0 && report.wrong === 0 && audit.extra === 0
  const isOnce = sink.duplicatesDiffering === 0 && sink.publishedAgain === 0 && sink.outOfOrder === 0
  return isWhole && isOnce && sink.mostPerKill <= 1
}

function readCount(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new Error(`--${name}: expected a whole number, got ${text}`)
}

async function runKillsByHand(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kills: { type: 'string', default: String(DEFAULT_KILLS) },
      seed: { type: 'string', default: String(DEFAULT_SEED) },
      json: { type: 'boolean', default: false },
    },
  })
  const result = await runKills({
    kills: readCount('kills', values.kills),
    seed: readCount('seed', values.seed),
    onProgress: (text) => console.error(text),
  })
  console.log(values.json ? JSON.stringify(result.report) : JSON.stringify(result, null, 2))
  return isGood(result) ? 0 : 1
}

const args = process.argv.slice(2)
const isByHand = args.some((arg) => OWN_FLAGS.some((flag) => arg === flag || arg.startsWith(`${flag}=`)))
process.exitCode = await (isByHand ? runKillsByHand(args) : runVitest(args)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error))
  return 1
})
