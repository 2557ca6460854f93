import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openClient } from '../../../runner/client.ts'
import { homePaths } from '../../../runner/home.ts'
import type { HostEvent } from '../../../runner/host-api.ts'
import { startHost } from '../../../runner/host.ts'
import { readOwner, tryOwn } from '../../../runner/owner.ts'
import { openSqliteStore } from '../../../runner/store/sqlite/open.ts'
import { openGate, type Gate, type Ground, makeGround, until } from './fixture.ts'
import { hold, type Holder } from './holder-process.ts'

const EXEC = { target: 'demo_set', atMs: null, debug: false } as const

let ground: Ground
let gate: Gate
let holders: Holder[]

async function holdHome(mode: 'start' | 'command'): Promise<Holder> {
  const holder = await hold(ground, mode)
  holders.push(holder)
  return holder
}

async function useHome<T>(body: (client: Awaited<ReturnType<typeof openClient>>) => Promise<T>): Promise<T> {
  const client = await openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
  try {
    return await body(client)
  } finally {
    await client.close()
  }
}

async function deployHeld(label = 'plain'): Promise<void> {
  await useHome(async (client) => {
    await client.call('install', {
      setId: 'demo_set',
      parameters: { names: ['a'], gate: gate.url, label },
      force: false,
    })
    await client.call('deploy', { setId: 'demo_set', force: false })
  })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

beforeEach(async () => {
  ground = makeGround()
  gate = await openGate()
  holders = []
})

afterEach(async () => {
  for (const holder of holders.filter(({ child }) => child.exitCode === null && child.signalCode === null)) {
    await holder.end('SIGKILL')
  }
  await gate.close()
  ground.remove()
})

describe('a home', () => {
  it('is made private, and kept out of version control', async () => {
    await useHome(async () => undefined)
    const { dff, root } = homePaths(ground.home)
    expect(statSync(dff).mode & 0o777).toBe(0o700)
    expect(readFileSync(join(dff, '.gitignore'), 'utf8')).toBe('*\n')
    expect(existsSync(join(root, 'startup'))).toBe(false)
  })

  it('that cannot be made is named with its cause, and leaves nothing', async () => {
    writeFileSync(join(ground.root, 'file'), '')
    const home = join(ground.root, 'file', 'home')
    await expect(openClient(home, { command: 'test' })).rejects.toMatchObject({
      code: 'HOME_UNUSABLE',
      parts: { place: join(home, '.dff'), got: expect.stringContaining('ENOTDIR') as string },
    })
  })

  it('below a folder that takes no entries is refused at once', async () => {
    await expect(openClient('/proc/nope', { command: 'test' })).rejects.toMatchObject({
      code: 'HOME_UNUSABLE',
      parts: { place: '/proc/nope/.dff' },
    })
  })

  it('whose inner folder cannot be written leaves no part of itself', async () => {
    mkdirSync(ground.home)
    writeFileSync(join(ground.home, '.dff'), 'in the way')
    await expect(openClient(ground.home, { command: 'test' })).rejects.toMatchObject({
      code: 'HOME_UNUSABLE',
    })
    expect(readFileSync(join(ground.home, '.dff'), 'utf8')).toBe('in the way')
  })

  it('has one owner at a time, also inside one process', async () => {
    await useHome(async () => undefined)
    const paths = homePaths(ground.home)
    const first = tryOwn(paths, { mode: 'command', command: 'one' })
    expect(tryOwn(paths, { mode: 'command', command: 'two' })).toBeUndefined()
    expect(readOwner(paths)).toMatchObject({ command: 'one', pid: process.pid })
    first?.release()
    const second = tryOwn(paths, { mode: 'command', command: 'two' })
    expect(second?.info.command).toBe('two')
    second?.release()
    expect(readOwner(paths)).toBeUndefined()
  })
})

describe('a command', () => {
  it('closes what an earlier command left waiting, and forgets what is old', async () => {
    await deployHeld()
    const store = await openSqliteStore(homePaths(ground.home).database)
    const base = { funcId: 'startup__demo_set.run', triggerTimeMs: 0, expiresAtMs: Date.now() + 60_000 }
    const rest = { triggerId: null, tickMs: null, isDebug: false, connector: 'file', endpointUrl: null }
    await store.queue.enqueueOnce({ ...base, ...rest, id: 'old', origin: 'direct' })
    await store.queue.close('old', 'skip', 'long ago', 1)
    await store.queue.enqueueOnce({ ...base, ...rest, id: 'button', origin: 'direct' })
    await store.close()
    await useHome(async (client) => {
      const tasks = await client.call('task.list', { limit: 10, funcId: null, status: null })
      expect(tasks).toMatchObject([{ id: 'button', status: 'failure' }])
    })
  })

  it('talks to the host that owns the home', async () => {
    const holder = await holdHome('start')
    await useHome(async (client) => {
      expect(await client.call('status', {})).toMatchObject({ pid: holder.pid, mode: 'start' })
      await client.call('install', { setId: 'demo_set', parameters: { names: ['a'] }, force: false })
      await client.call('deploy', { setId: 'demo_set', force: false })
      const events: HostEvent[] = []
      const { record, backlog } = await client.call('exec', EXEC, (event) => events.push(event))
      expect(record.status).toBe('success')
      expect(backlog.waitingBatches).toBe(0)
      expect(events.some((event) => event.kind === 'log' && event.line.text.includes('committed'))).toBe(true)
      await expect(client.call('exec', { ...EXEC, target: 'nothing' })).rejects.toMatchObject({
        code: 'UNKNOWN_TARGET',
      })
    })
  })

  it('owns the home itself once the host has left between two calls', async () => {
    const holder = await holdHome('start')
    await useHome(async (client) => {
      expect((await client.call('status', {})).pid).toBe(holder.pid)
      await holder.end('SIGTERM')
      expect((await client.call('status', {})).pid).toBe(process.pid)
    })
  })

  it('that stops watching leaves the task running in the host', async () => {
    await deployHeld()
    await holdHome('start')
    const client = await openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
    const watching = client.call('exec', EXEC)
    watching.catch(() => undefined)
    await gate.arrived()
    await client.close()
    await expect(watching).rejects.toBeDefined()
    gate.open()
    await useHome(async (other) => {
      await until('the task ends well', async () => {
        const [task] = await other.call('task.list', { limit: 1, funcId: null, status: null })
        return task?.status === 'success'
      })
    })
  })

  it('is told what happened when the host dies while it answers', async () => {
    await deployHeld()
    const holder = await holdHome('start')
    const client = await openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
    const watching = client.call('exec', EXEC)
    watching.catch(() => undefined)
    await gate.arrived()
    await holder.end('SIGKILL')
    await expect(watching).rejects.toMatchObject({ code: 'HOME_BUSY', parts: { place: 'host socket' } })
    await client.close()
  })
})

describe('dff start', () => {
  it('is refused at once beside another, naming it', async () => {
    const holder = await holdHome('start')
    const startedMs = Date.now()
    const second = startHost(ground.home, { signal: AbortSignal.timeout(20_000) })
    await expect(second).rejects.toMatchObject({
      code: 'HOME_BUSY',
      parts: { got: expect.stringContaining(`process ${holder.pid}, \`dff start\``) as string },
    })
    expect(Date.now() - startedMs).toBeLessThan(9_000) // beside a command it would have waited for ten
  })

  it('waits for a command that owns the home', async () => {
    const holder = await holdHome('command')
    const controller = new AbortController()
    const notes: string[] = []
    const running = startHost(ground.home, {
      signal: controller.signal,
      onEvent: (event) => event.kind === 'note' && notes.push(event.text),
    })
    await holder.end('SIGTERM')
    await until('the host runs', () => notes.some((note) => note.includes('runs')))
    expect(readOwner(homePaths(ground.home))).toMatchObject({ mode: 'start', pid: process.pid })
    controller.abort()
    await running
  })

  it('names a command that keeps the home for more than ten seconds', async () => {
    const holder = await holdHome('command')
    const second = startHost(ground.home, { signal: AbortSignal.timeout(25_000) })
    await expect(second).rejects.toMatchObject({
      code: 'HOME_BUSY',
      parts: {
        got: expect.stringContaining(`process ${holder.pid}, \`dff exec demo_set\`, since `) as string,
      },
    })
  })

  it('takes over from a killed host and ends its orphaned task', async () => {
    await deployHeld()
    const holder = await holdHome('start')
    const client = await openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
    const watching = client.call('exec', EXEC)
    watching.catch(() => undefined)
    await gate.arrived()
    const child = Number(
      readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8').trim().split(' ')[0],
    )
    expect(isAlive(child)).toBe(true)
    await holder.end('SIGKILL')
    await client.close()
    await holdHome('start')
    await useHome(async (next) => {
      const [task] = await next.call('task.list', { limit: 1, funcId: null, status: null })
      expect(task).toMatchObject({ status: 'failure', exceptionType: 'HostDied', points: { metric: 1 } })
      const again = next.call('exec', EXEC)
      await gate.arrived()
      gate.open()
      expect((await again).record).toMatchObject({ status: 'success', returnValue: { count: 2 } })
    })
    await until('the orphan is gone', () => !isAlive(child))
  })

  it('does not wait for a doctor on SIGTERM', async () => {
    await deployHeld('doctor')
    const holder = await holdHome('start')
    const client = await openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
    const asking = client.call('doctor', { setId: 'demo_set' })
    await gate.arrived()
    await holder.end('SIGTERM')
    const checks = (await asking).flatMap((report) => report.checks)
    expect(checks.find((check) => check.id === 'startup.run')).toMatchObject({ status: 'failed' })
    await client.close()
    expect(holder.output()).toContain('stopped')
  })

  it('lets a running task end before it leaves on SIGTERM', async () => {
    await deployHeld()
    const holder = await holdHome('start')
    const client = await openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
    const running = client.call('exec', EXEC)
    await gate.arrived()
    const ended = holder.end('SIGTERM')
    gate.open()
    expect((await running).record.status).toBe('success')
    await ended
    await client.close()
    expect(holder.output()).toContain('stopped')
    expect(existsSync(homePaths(ground.home).socket)).toBe(false)
    expect(existsSync(homePaths(ground.home).ownerInfo)).toBe(false)
  })
})
