/**
 * Everything that must hold, in one command: `npm test`, and with --ci what .ci/run adds. Each static check counts as
 * one, each vitest test as one; the last line is `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { audit } from './audit.ts'

interface Count {
  readonly passed: number
  readonly failed: number
}

interface Stage {
  readonly title: string
  readonly run: () => Count
}

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = (name: string): string => `${root}node_modules/.bin/${name}`

function execute(file: string, args: readonly string[]): boolean {
  return spawnSync(file, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }).status === 0
}

/** A command whose exit code is the verdict. */
function command(title: string, file: string, args: readonly string[]): Stage {
  return { title, run: () => (execute(file, args) ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }) }
}

interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly success: boolean
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[]
}

/** A file that cannot even load has no tests to count, so it counts as one failure; so does a skipped test. */
function countTests(report: VitestReport): Count {
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length
  const failed = report.numFailedTests + report.numPendingTests + broken
  return { passed: report.numPassedTests, failed: failed === 0 && !report.success ? 1 : failed }
}

function vitest(title: string, args: readonly string[]): Stage {
  return {
    title,
    run: () => {
      const folder = mkdtempSync(join(tmpdir(), 'check-'))
      const output = join(folder, 'report.json')
      execute(bin('vitest'), [
        'run',
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${output}`,
        ...args,
      ])
      try {
        return countTests(JSON.parse(readFileSync(output, 'utf8')) as VitestReport)
      } catch {
        return { passed: 0, failed: 1 }
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    },
  }
}

const STAGES: readonly Stage[] = [
  command('format', bin('oxfmt'), ['--check']),
  command('lint', bin('oxlint'), ['--type-aware', '--deny-warnings']),
  command('types', bin('tsc'), ['-p', 'tsconfig.json']),
  command('unused code', bin('knip'), []),
  command('generated files', process.execPath, ['tools/gen-check.ts']),
  vitest('tests', []),
]

const CI_STAGES: readonly Stage[] = [
  vitest('chaos', ['--config', 'vitest.chaos.config.ts']),
  command('package', process.execPath, ['tools/pack-check.ts']),
  command('demo', 'npm', ['run', '--silent', 'demo', '--', '--json']),
]

const stages = process.argv.includes('--ci') ? [...STAGES, ...CI_STAGES] : STAGES
const total = { passed: 0, failed: 0 }
for (const stage of stages) {
  console.log(`\n== ${stage.title}`)
  const startedMs = Date.now()
  const count = stage.run()
  total.passed += count.passed
  total.failed += count.failed
  console.log(
    `== ${stage.title}: ${count.failed === 0 ? 'ok' : 'FAILED'} (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`,
  )
}
if (process.argv.includes('--ci')) console.log(['\n== advisories (information)', ...audit(root)].join('\n'))
console.log(`\n${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 ? 0 : 1
