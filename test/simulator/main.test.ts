import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import type { SimulatorInfo } from '../../simulator/server.ts'

const MAIN = fileURLToPath(new URL('../../simulator/main.ts', import.meta.url))
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

function start(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  return { child, output, closed: once(child, 'close') as Promise<[number | null]> }
}

/** Reads until the output matches; fails when the process ends first. */
async function until(run: ReturnType<typeof start>, pattern: RegExp): Promise<void> {
  while (!pattern.test(run.output.stdout)) {
    const ended = run.closed.then(() => Promise.reject(new Error(`ended: ${run.output.stderr}`)))
    await Promise.race([once(run.child.stdout, 'data'), ended])
  }
}

describe('the simulator process', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'prints one JSON line with --json, serves, and ends on %s',
    async (signal) => {
      const run = start('--json', '--functions', '24', '--latency', '0')
      await until(run, /\n/)
      const info = JSON.parse(run.output.stdout) as SimulatorInfo
      expect(Object.keys(info)).toEqual([
        'url',
        'accounts',
        'regions',
        'datakitUrl',
        'datawayUrl',
        'datawayToken',
        'roleArn',
        'externalId',
      ])
      expect(
        (await fetch(`${info.datakitUrl}/v1/write/metric`, { method: 'POST', body: 'm f=1' })).status,
      ).toBe(200)
      run.child.kill(signal)
      expect(await run.closed).toEqual([0, null])
    },
  )

  it('prints the lines a user pastes', async () => {
    const run = start('--functions', '0', '--regions', 'eu-central-1', '--account', '111122223333')
    await until(run, /control .*\n/)
    expect(run.output.stdout).toMatch(/^AWS_ENDPOINT_URL=http:\/\/127\.0\.0\.1:\d+$/m)
    expect(run.output.stdout).toMatch(/^AWS_ACCESS_KEY_ID=AKIA[A-Z2-7]{16}$/m)
    expect(run.output.stdout).toMatch(/^AWS_SECRET_ACCESS_KEY=[\w+/]{40}$/m)
    expect(run.output.stdout).toContain('eu-central-1')
    expect(run.output.stdout).toContain('arn:aws:iam::111122223333:role/')
  })

  it.each([
    [['--functions', 'many'], '--functions must be a whole number from 0 to 100000, got "many". See --help.'],
    [['--active', '2'], '--active must be a number from 0 to 1, got "2". See --help.'],
    [
      ['--regions', 'mars'],
      '--regions must be a number or region names with commas, got "mars". See --help.',
    ],
    [['--account', '12'], '--account must be 12 digits, got "12". See --help.'],
    [['--port', '70000'], '--port must be a whole number from 0 to 65535, got "70000". See --help.'],
    [['--speed', '9'], "Unknown option '--speed'"],
  ])('refuses %j with exit 2 and says why', async (args, message) => {
    const run = start(...args)
    expect(await run.closed).toEqual([2, null])
    expect(run.output.stderr).toContain(message)
    expect(run.output.stdout).toBe('')
  })

  it('fails with exit 1 on a port that is taken', async () => {
    const first = start('--json', '--functions', '0')
    await until(first, /\n/)
    const { port } = new URL((JSON.parse(first.output.stdout) as SimulatorInfo).url)
    const second = start('--port', port, '--functions', '0')
    expect(await second.closed).toEqual([1, null])
    expect(second.output.stderr).toContain('EADDRINUSE')
  })

  it('shows its flags with --help', async () => {
    const run = start('--help')
    expect(await run.closed).toEqual([0, null])
    for (const flag of [
      '--functions',
      '--regions',
      '--active',
      '--seed',
      '--latency',
      '--port',
      '--account',
      '--json',
    ]) {
      expect(run.output.stdout).toContain(flag)
    }
  })
})
