import { existsSync, readdirSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { DffError } from '../../../core/error.ts'
import { openClient } from '../../../runner/client.ts'
import { homePaths } from '../../../runner/home.ts'
import type { HostClient } from '../../../runner/host-api.ts'
import { readScope } from '../../../runner/task-scope.ts'
import type { Store } from '../../../runner/store/store.ts'
import { type Gate, type Ground, makeGround, openGate } from './fixture.ts'

let ground: Ground
let client: HostClient
let gate: Gate

const EXEC = { target: 'demo_set', atMs: null, debug: false } as const

beforeEach(async () => {
  ground = makeGround()
  gate = await openGate()
  client = await openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
})

afterEach(async () => {
  await client.close()
  await gate.close()
  ground.remove()
})

async function deployed(parameters: object = {}): Promise<void> {
  await client.call('install', {
    setId: 'demo_set',
    parameters: { names: ['a'], ...parameters },
    force: false,
  })
  await client.call('deploy', { setId: 'demo_set', force: false })
}

const TRICKS = [
  '../../../etc/passwd',
  '/etc/passwd',
  '..',
  'demo_set/../../x',
  'demo_set\u0000.ts',
  'demo_set\n../x',
  'startup__../../../.dff/key',
  '__proto__',
  'constructor',
  '%2e%2e%2fx',
  'demo_set.ts/.',
  '',
  'x'.repeat(100_000),
]

describe('a name that is a path or worse', () => {
  it.each(TRICKS.map((name) => [JSON.stringify(name.slice(0, 40)), name]))(
    'is refused by every command: %s',
    async (_title, name) => {
      const before = readdirSync(ground.root, { recursive: true }).length
      const set = { setId: name, parameters: {}, force: true }
      const calls = [
        client.call('install', set),
        client.call('deploy', { setId: name, force: true }),
        client.call('market.show', { setId: name }),
        client.call('exec', { ...EXEC, target: name }),
        client.call('doctor', { setId: name }),
        client.call('verify', { setId: name }),
        client.call('why', { target: name, name: 'f', metric: null }),
        client.call('task.show', { taskId: name }),
        client.call('log', { taskId: name, follow: false }),
        client.call('trigger.enable', { triggerId: name, isEnabled: false }),
        client.call('secret.set', { name: 'a.b', value: 'value', grantTo: name }),
        client.call('connector.remove', { id: name }),
        client.call('connector.test', { id: name }),
        client.call('connector.set', {
          id: name.replaceAll(/[\w-]+/g, '/'),
          config: { type: 'file' },
          token: null,
        }),
      ]
      for (const result of await Promise.allSettled(calls)) {
        expect(result.status).toBe('rejected')
        const reason: unknown = result.status === 'rejected' ? result.reason : undefined
        expect(reason).toBeInstanceOf(DffError)
        expect((reason as DffError).code).not.toBe('INTERNAL')
      }
      expect(await client.call('secret.list', {})).toEqual([])
      expect(readdirSync(ground.root, { recursive: true }).length).toBe(before)
    },
  )

  it('is no secret either', async () => {
    for (const name of ['../x', 'a b', 'a\nb', '', '.hidden', 'x'.repeat(200)]) {
      await expect(client.call('secret.set', { name, value: 'v', grantTo: null })).rejects.toMatchObject({
        code: 'BAD_PARAMETER',
      })
    }
  })

  it('such as constructor is a set like any other where it is one', async () => {
    const manifest = { requires: [] }
    const set = { setId: 'constructor', digest: 'd', manifest }
    const store = { sets: { list: async () => [set] } } as unknown as Store // what a scope asks of it
    const { sets } = await readScope(homePaths('/home'), store, 'startup__constructor')
    expect(Object.keys(sets)).toEqual(['constructor'])
  })
})

describe('a link among the Startup scripts', () => {
  it('in place of the script itself is not followed out of the folder, and nothing of what it leads to is shown', async () => {
    await deployed({ token: 'a token that made the key' })
    const { key, startup } = homePaths(ground.home)
    const path = join(startup, 'demo_set.ts')
    writeFileSync(join(dirname(key), 'readable.ts'), 'SECRET CONTENT of another file')
    for (const target of [key, join(dirname(key), 'readable.ts')]) {
      unlinkSync(path)
      symlinkSync(target, path)
      const { record } = await client.call('exec', EXEC)
      expect(record).toMatchObject({ status: 'failure', exceptionType: 'SCRIPT_INVALID' })
      expect(record.exceptionText).toContain('a link to')
      expect(JSON.stringify(record)).not.toContain('SECRET CONTENT')
      const [, , report] = await client.call('doctor', { setId: 'demo_set' })
      expect(JSON.stringify(report)).toContain('a link to')
    }
  })

  it('within the folder is followed, as a mounted ConfigMap needs it', async () => {
    await deployed()
    const { startup } = homePaths(ground.home)
    const path = join(startup, 'demo_set.ts')
    const text = readFileSync(path, 'utf8')
    writeFileSync(join(startup, '..2026_11_23.ts'), text)
    unlinkSync(path)
    symlinkSync('..2026_11_23.ts', path)
    expect((await client.call('exec', EXEC)).record.status).toBe('success')
  })
})

describe('while a task runs', () => {
  const VALUE = 'sEcReT-vAlUe-of-the-token'

  it.runIf(process.platform === 'linux')(
    'no process of this machine shows a secret in its arguments or environment',
    async () => {
      process.env['DFF_SECRET_KEY'] = 'ab'.repeat(32)
      process.env['AWS_SECRET_ACCESS_KEY'] = 'wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY1'
      onTestFinished(() => {
        delete process.env['DFF_SECRET_KEY']
        delete process.env['AWS_SECRET_ACCESS_KEY']
      })
      await client.close()
      client = await openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
      await deployed({ token: VALUE, gate: gate.url })
      const running = client.call('exec', EXEC)
      await gate.arrived()
      const seen = new Map<string, string>()
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        for (const file of ['cmdline', 'environ']) {
          const path = `/proc/${pid}/${file}`
          // A process may end meanwhile, and this one has the environment that the test gave it.
          if (Number(pid) === process.pid || !existsSync(path)) continue
          try {
            seen.set(path, readFileSync(path, 'latin1'))
          } catch {
            continue
          }
        }
      }
      gate.open()
      await running
      const isTask = (content: string): boolean =>
        content.includes('task/child.ts') && content.includes(ground.home)
      const tasks = [...seen].filter(([, content]) => isTask(content))
      expect(tasks).toHaveLength(1)
      const taskPath = tasks[0]?.[0] ?? ''
      const texts = [...seen.values()].filter((content) => content.includes(VALUE))
      expect(texts).toEqual([])
      const environment = seen.get(taskPath.replace('cmdline', 'environ')) ?? ''
      expect(environment).toContain('AWS_EC2_METADATA_DISABLED')
      expect(environment).not.toMatch(/abababab|wJalrXUt|DFF_SECRET_KEY/)
    },
  )
})

describe('a record', () => {
  it('names every endpoint that stood in for AWS, without the password in it', async () => {
    const variables = {
      AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
      AWS_ENDPOINT_URL_CLOUDWATCH: 'http://user:hunter22@127.0.0.1:4567/?token=abc',
    }
    const set = (values: Record<string, string | undefined>): void => {
      for (const [name, value] of Object.entries(values)) {
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
      }
    }
    const before = { AWS_ENDPOINT_URL: process.env['AWS_ENDPOINT_URL'] }
    onTestFinished(() =>
      set({
        AWS_ENDPOINT_URL_CLOUDWATCH: undefined,
        AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: undefined,
        ...before,
      }),
    )
    set(variables)
    await deployed()
    const { record } = await client.call('exec', EXEC)
    expect(record.endpointUrl).toBe(
      'http://127.0.0.1:4566, CLOUDWATCH http://*****@127.0.0.1:4567/?token=*****',
    )
    set({ AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' })
    expect((await client.call('exec', EXEC)).record.endpointUrl).toBeNull()
  })
})
