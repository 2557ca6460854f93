import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openClient } from '../../../runner/client.ts'
import { homePaths, startupScriptPath } from '../../../runner/home.ts'
import type { HostClient, TaskRecord } from '../../../runner/host-api.ts'
import { startHost } from '../../../runner/host.ts'
import { type Ground, makeGround, until, writeMarket } from './fixture.ts'

const TOKEN = 'a token of this set'
const KEY = 'a key for the host alone'

let ground: Ground
let client: HostClient

/** Runs the deployed Startup script with this body in the place of its set's. */
async function runs(body: string): Promise<TaskRecord> {
  const path = startupScriptPath(homePaths(ground.home), 'demo_set')
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replace(/makeScript\([^]*$/, `async (context) => {\n${body}\n})\n`))
  return (await client.call('exec', { target: 'demo_set', atMs: null, debug: false })).record
}

async function deploy(grant = false): Promise<void> {
  const parameters = { names: ['a'], token: TOKEN }
  await client.call('install', { setId: 'demo_set', parameters, force: false, grant })
  await client.call('deploy', { setId: 'demo_set', force: true })
}

beforeEach(async () => {
  ground = makeGround()
  client = await openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
  await deploy()
})

afterEach(async () => {
  await client.close()
  vi.unstubAllEnvs()
  ground.remove()
})

describe('a task in a real host', () => {
  it('shows no stored secret in log, result and error, wherever it has it from', async () => {
    await client.call('secret.set', { name: 'other.key', value: KEY, grantTo: null })
    const said = `const said = ${JSON.stringify([TOKEN, KEY])}
      console.log(said.join(' and '), Buffer.from(said[1]).toString('base64'))`
    const returned = await runs(`${said}\nreturn said`)
    const { lines } = await client.call('log', { taskId: returned.id, follow: false })
    expect(lines.map(({ text }) => text)).toEqual(['***** and ***** *****'])
    expect(returned.returnValue).toEqual(['*****', '*****'])
  })

  it('has no use of the credentials of the host’s environment until its set was granted them', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIA0123456789ABCDEF')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret-of-the-environment')
    // Nobody listens: whoever gets so far has passed the gate.
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:1')
    const ask = `try { await context.credentials({}) } catch (error) { return error.code }`
    expect((await runs(ask)).returnValue).toBe('NOT_GRANTED')
    writeMarket(ground.marketRoot, { version: '2.0.0', uses: { demo_set: ['aws'] } })
    await deploy(true)
    const { returnValue } = await runs(ask)
    expect(returnValue).toEqual(expect.any(String))
    expect(returnValue).not.toBe('NOT_GRANTED')
  })
})

describe('dff start', () => {
  it('names a Startup script that anybody may write', async () => {
    await client.close()
    const path = startupScriptPath(homePaths(ground.home), 'demo_set')
    chmodSync(path, 0o666)
    const controller = new AbortController()
    const notes: string[] = []
    const running = startHost(ground.home, {
      signal: controller.signal,
      marketRoot: ground.marketRoot,
      onEvent: (event) => event.kind === 'note' && notes.push(event.text),
    })
    await until('the host runs', () => notes.some((note) => note.includes(' runs ')))
    controller.abort()
    await running
    expect(notes[0]).toContain(`${path} can be written by anybody on this machine`)
  })
})
