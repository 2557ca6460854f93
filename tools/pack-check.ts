/**
 * Proves the published form: packs, installs the tarball into an empty folder, and runs install, deploy, exec and
 * verify from there on a home elsewhere, against the simulator that the package itself carries.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startSimulatorProcess } from './simulator-process.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const work = mkdtempSync(join(tmpdir(), 'pack-check-'))
const consumer = join(work, 'consumer')
const home = join(work, 'home of 中文')

function run(
  title: string,
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): string {
  console.log(`-- ${title}`)
  const cwd = file === 'npm' && args[0] === 'install' ? consumer : root
  return execFileSync(file, args, {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 26,
  })
}

async function check(): Promise<void> {
  mkdirSync(consumer)
  mkdirSync(home)
  writeFileSync(join(consumer, 'package.json'), '{"name":"consumer","private":true}\n')
  run('npm pack', 'npm', ['pack', '--pack-destination', work])
  const tarball = readdirSync(work).find((name) => name.endsWith('.tgz'))
  if (tarball === undefined) throw new Error('npm pack wrote no tarball')
  run('publint', join(root, 'node_modules/.bin/publint'), [join(work, tarball)])
  run('npm install of the tarball', 'npm', [
    'install',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    join(work, tarball),
  ])
  const packageRoot = join(consumer, 'node_modules/guance-aws-lambda')
  const { info, key, stop } = await startSimulatorProcess(join(packageRoot, 'dist/simulator/main.js'), [
    '--functions',
    '40',
  ])
  try {
    const env = {
      ...process.env,
      AWS_ENDPOINT_URL: info.url,
      DFF_HOME: home,
      PACK_CHECK_SECRET: key.secretAccessKey,
    }
    const dff = (...args: string[]): string =>
      run(`dff ${args[0] ?? ''}`, join(consumer, 'node_modules/.bin/dff'), args, env)
    dff('connector', 'set', 'default', '--type', 'datakit', '--url', info.datakitUrl)
    dff(
      'install',
      'guance_aws_lambda',
      '-p',
      `ak_id=${key.accessKeyId}`,
      '-p',
      'ak_secret=env:PACK_CHECK_SECRET',
    )
    dff('deploy', 'guance_aws_lambda')
    dff('plan', 'guance_aws_lambda')
    dff('exec', 'guance_aws_lambda')
    console.log(dff('verify', 'guance_aws_lambda'))
  } finally {
    await stop()
  }
}

try {
  await check()
} finally {
  rmSync(work, { recursive: true, force: true })
}
