import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openClient } from '../../../runner/client.ts'
import { type HostClient, TASK_STATUSES, type TaskRecord } from '../../../runner/host-api.ts'
import { type Gate, type Ground, makeGround, openGate, until } from './fixture.ts'

const EXEC = { target: 'demo_set', atMs: null, debug: false } as const

let ground: Ground
let client: HostClient
let gate: Gate

async function deploy(label = 'plain'): Promise<void> {
  const parameters = { names: ['a'], gate: gate.url, label }
  await client.call('install', { setId: 'demo_set', parameters, force: false })
  await client.call('deploy', { setId: 'demo_set', force: true })
}

/** The Startup script as its user edits it. */
function edit(change: (text: string) => string): void {
  const path = join(ground.home, 'startup/demo_set.ts')
  writeFileSync(path, change(readFileSync(path, 'utf8')))
}

async function newest(): Promise<TaskRecord | undefined> {
  return (await client.call('task.list', { limit: 1, funcId: null, status: null }))[0]
}

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

describe('the status of a task', () => {
  it('is one of the seven of Func, in its order', () => {
    expect(TASK_STATUSES).toEqual(['waiting', 'pending', 'success', 'failure', 'timeout', 'skip', 'expire'])
  })

  it('is waiting until it may run, pending while it runs, then success', async () => {
    await deploy()
    const first = client.call('exec', EXEC)
    await gate.arrived()
    expect(await newest()).toMatchObject({ status: 'pending', endTimeMs: null })
    const second = client.call('exec', EXEC)
    await until('the second waits', async () => (await newest())?.status === 'waiting')
    expect(await newest()).toMatchObject({ startTimeMs: null, endTimeMs: null })
    gate.open()
    expect((await first).record.status).toBe('success')
    await gate.arrived()
    expect((await newest())?.status).toBe('pending')
    gate.open()
    expect((await second).record.status).toBe('success')
  })

  it('is failure for any exception', async () => {
    await deploy('fail')
    const running = client.call('exec', EXEC)
    await gate.arrived()
    gate.open()
    expect((await running).record).toMatchObject({ status: 'failure', exceptionType: 'Error' })
  })

  it('is skip for an exception that is a warning, by its class', async () => {
    await deploy()
    edit((text) => {
      const throwing = `async () => { throw new (class NothingToDoWarning extends Error {})('no traffic') })`
      return text.replace(/makeScript\([^]*$/, throwing)
    })
    expect((await client.call('exec', EXEC)).record).toMatchObject({
      status: 'skip',
      exceptionType: 'NothingToDoWarning',
      exceptionText: expect.stringContaining('no traffic') as string,
    })
  })

  it('is timeout for one that is still at it at its deadline', async () => {
    await deploy()
    edit((text) => text.replace('timeout: 60', 'timeout: 3'))
    expect((await client.call('exec', EXEC)).record).toMatchObject({
      status: 'timeout',
      exceptionType: 'TASK_TIMEOUT',
      points: { metric: 1 },
    })
  })

  it('is expire for one that waited too long, while the one before it still runs', async () => {
    await deploy()
    edit((text) => text.replace('timeout: 60', 'expires: 1'))
    const first = client.call('exec', EXEC)
    // Its script is loaded now, so that the next task is made with what it says.
    await gate.arrived()
    const { record } = await client.call('exec', EXEC)
    expect(record).toMatchObject({ status: 'expire', exceptionType: 'TaskExpired', startTimeMs: null })
    expect(await client.call('task.list', { limit: 9, funcId: null, status: 'pending' })).toHaveLength(1)
    gate.open()
    expect((await first).record.status).toBe('success')
  })
})
