import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { openClient } from '../../../runner/client.ts'
import { homePaths } from '../../../runner/home.ts'
import type { FormValues, HostClient, TaskRecord } from '../../../runner/host-api.ts'
import { startHost } from '../../../runner/host.ts'
import { openSqliteStore } from '../../../runner/store/sqlite/open.ts'
import type { NewTask } from '../../../runner/store/store.ts'
import { type Gate, type Ground, makeGround, openGate, until } from './fixture.ts'

const MINUTE_MS = 60_000
/** Longer than any jitter. */
const SETTLED_MS = 11_000
const TRIGGER = 'cron-startup-demo_set'

let ground: Ground
let gate: Gate
let nowMs: number
let fire: () => void
let notes: string[]
let stop: () => Promise<void>
let client: HostClient

/** Runs `dff start` in this process with a clock that the test moves. */
async function start(): Promise<void> {
  const controller = new AbortController()
  notes = []
  const running = startHost(ground.home, {
    signal: controller.signal,
    marketRoot: ground.marketRoot,
    onEvent: (event) => event.kind === 'note' && notes.push(event.text),
    clock: {
      now: () => nowMs,
      setTimer: (action) => {
        fire = action
        return () => undefined
      },
    },
  })
  stop = async () => {
    controller.abort()
    await running
  }
  await until('the host runs', () => notes.some((note) => note.includes('runs')))
  client = await openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
}

async function deploy(parameters: FormValues): Promise<void> {
  await client.call('install', { setId: 'demo_set', parameters, force: false })
  await client.call('deploy', { setId: 'demo_set', force: false })
}

async function tasks(): Promise<readonly TaskRecord[]> {
  return client.call('task.list', { limit: 100, funcId: null, status: null })
}

async function untilEnded(count: number): Promise<readonly TaskRecord[]> {
  await until(`${count} tasks have ended`, async () => {
    const ended = (await tasks()).filter((task) => task.endTimeMs !== null)
    return ended.length >= count
  })
  return tasks()
}

/** What a dead host left waiting, but for its id and what it was made by. */
function waitingTask(): Omit<NewTask, 'id' | 'triggerId' | 'tickMs' | 'origin'> {
  return {
    funcId: 'startup__demo_set.run',
    triggerTimeMs: nowMs,
    expiresAtMs: Date.now() + MINUTE_MS,
    isDebug: false,
    connector: 'file',
    endpointUrl: null,
  }
}

function moveTo(timeMs: number): void {
  nowMs = timeMs
  fire()
}

beforeEach(async () => {
  ground = makeGround()
  gate = await openGate()
  nowMs = Date.parse('2026-11-23T12:00:01Z')
  await start()
})

afterEach(async () => {
  gate.open()
  await client.close()
  await stop()
  await gate.close()
  ground.remove()
})

describe('dff start', () => {
  it('skips a tick whose points would find no room, and runs the next one that has', async () => {
    await deploy({ names: ['a'] })
    await client.call('connector.set', {
      id: 'default',
      config: { type: 'file', maxBacklogMb: 1 },
      token: null,
    })
    const database = new DatabaseSync(homePaths(ground.home).database)
    database.exec(
      `INSERT INTO batch (sort_key, connector_id, script_id, task_id, category, state, points, raw_bytes, stored_bytes,
         created_at_ms, contents, body)
       VALUES ('0', 'default', 's', 't', 'metric', 'waiting', 7, 1, 1000000, 1, '[]', zeroblob(1))`,
    )
    moveTo(Date.parse('2026-11-23T12:05:00Z') + SETTLED_MS)
    const [skipped] = await untilEnded(1)
    expect(skipped).toMatchObject({ status: 'skip', exceptionType: 'OUTBOX_FULL', points: {} })
    expect(skipped?.exceptionText).toContain('it goes on by itself when there is room')
    expect(notes.join('\n')).toContain('skip: Collection is paused')
    database.exec('DELETE FROM batch')
    database.close()
    moveTo(Date.parse('2026-11-23T12:10:00Z') + SETTLED_MS)
    const [ran] = await untilEnded(2)
    expect(ran).toMatchObject({ status: 'success', points: { metric: 1 } })
  })

  it('runs a trigger on time and delivers its points', async () => {
    await deploy({ names: ['a'] })
    const tickMs = Date.parse('2026-11-23T12:05:00Z')
    moveTo(tickMs + SETTLED_MS)
    const [task] = await untilEnded(1)
    expect(task).toMatchObject({
      status: 'success',
      origin: 'cronJob',
      triggerId: TRIGGER,
      triggerTimeMs: tickMs,
      points: { metric: 1, custom_object: 1 },
    })
    await until('delivery', async () => (await client.call('status', {})).acknowledgedPoints === 2)
    const [trigger] = await client.call('trigger.list', {})
    expect(trigger).toMatchObject({ lastTickMs: tickMs, lastStatus: 'success' })
  })

  it('skips a tick beside a task that still runs', async () => {
    await deploy({ names: ['a'], gate: gate.url })
    moveTo(Date.parse('2026-11-23T12:05:00Z') + SETTLED_MS)
    await gate.arrived()
    moveTo(Date.parse('2026-11-23T12:10:00Z') + SETTLED_MS)
    const [second, first] = await untilEnded(1)
    expect(second).toMatchObject({ status: 'skip', exceptionType: 'PreviousTaskNotFinished' })
    expect(second?.exceptionText).toContain(first?.id)
    gate.open()
    expect((await untilEnded(2)).map((task) => task.status)).toEqual(['skip', 'success'])
  })

  it('leaves a running task its lease when the clock jumps forward', async () => {
    await deploy({ names: ['a'], gate: gate.url })
    moveTo(Date.parse('2026-11-23T12:05:00Z') + SETTLED_MS)
    await gate.arrived()
    const now = Date.now.bind(Date)
    vi.spyOn(Date, 'now').mockImplementation(() => now() + 2 * MINUTE_MS)
    onTestFinished(() => void vi.restoreAllMocks())
    moveTo(Date.parse('2026-11-23T12:10:00Z') + SETTLED_MS)
    expect((await untilEnded(1)).map((task) => task.status)).toEqual(['skip', 'pending'])
    gate.open()
    expect((await untilEnded(2)).map((task) => task.status)).toEqual(['skip', 'success'])
  })

  it('gives its home and its socket back when it cannot begin', async () => {
    await client.close()
    await stop()
    const { database: path, socket } = homePaths(ground.home)
    const store = await openSqliteStore(path)
    const due = { id: 'tick', triggerId: TRIGGER, tickMs: nowMs, origin: 'cronJob' } as const
    await store.queue.enqueueOnce({ ...waitingTask(), ...due })
    await store.close()
    const database = new DatabaseSync(path)
    database.exec(`CREATE TRIGGER broken BEFORE UPDATE ON lease BEGIN SELECT RAISE(ABORT, 'broken'); END`)
    database.exec(`CREATE TRIGGER broken_too BEFORE INSERT ON lease BEGIN SELECT RAISE(ABORT, 'broken'); END`)
    const options = { signal: AbortSignal.timeout(10_000), marketRoot: ground.marketRoot }
    await expect(startHost(ground.home, options)).rejects.toThrow('broken')
    expect(existsSync(socket)).toBe(false)
    database.exec('DROP TRIGGER broken; DROP TRIGGER broken_too')
    database.close()
    await start()
  })

  it('runs once on return for all the ticks that it missed', async () => {
    await deploy({ names: ['a'] })
    moveTo(Date.parse('2026-11-23T12:05:00Z') + SETTLED_MS)
    await untilEnded(1)
    await client.close()
    await stop()
    nowMs += 60 * MINUTE_MS
    await start()
    const [task] = await untilEnded(2)
    expect(task).toMatchObject({
      status: 'success',
      triggerTimeMs: Date.parse('2026-11-23T13:05:00Z'),
      missedTicks: 11,
    })
    expect(await tasks()).toHaveLength(2)
  })

  it('runs what a dead host left waiting, and closes what nobody waits for any more', async () => {
    await deploy({ names: ['a'] })
    await client.close()
    await stop()
    const store = await openSqliteStore(homePaths(ground.home).database)
    const base = waitingTask()
    await store.queue.enqueueOnce({
      ...base,
      id: 'tick',
      triggerId: TRIGGER,
      tickMs: nowMs,
      origin: 'cronJob',
    })
    await store.queue.enqueueOnce({ ...base, id: 'button', triggerId: null, tickMs: null, origin: 'direct' })
    await store.close()
    await start()
    const ended = await untilEnded(2)
    expect(Object.fromEntries(ended.map((task) => [task.id, task.status]))).toEqual({
      tick: 'success',
      button: 'failure',
    })
  })

  it('leaves a disabled trigger alone', async () => {
    await deploy({ names: ['a'] })
    await client.call('trigger.enable', { triggerId: TRIGGER, isEnabled: false })
    moveTo(Date.parse('2026-11-23T12:05:00Z') + SETTLED_MS)
    await client.call('trigger.enable', { triggerId: TRIGGER, isEnabled: true })
    moveTo(Date.parse('2026-11-23T12:10:00Z') + SETTLED_MS)
    const [task] = await untilEnded(1)
    expect(task?.triggerTimeMs).toBe(Date.parse('2026-11-23T12:10:00Z'))
    expect(await tasks()).toHaveLength(1)
  })

  it('pauses all triggers, says so, still executes by hand, and resumes with the next tick', async () => {
    await deploy({ names: ['a'] })
    const { pause, triggers } = await client.call('trigger.pause', { untilMs: null })
    expect(pause).toMatchObject({ untilMs: null })
    expect(triggers).toMatchObject([{ isPaused: true, isEnabled: true, nextTickMs: null }])
    expect(await client.call('status', {})).toMatchObject({ pause, triggers: [{ isPaused: true }] })
    moveTo(Date.parse('2026-11-23T12:05:00Z') + SETTLED_MS)
    const { record } = await client.call('exec', { target: 'demo_set', atMs: null, debug: false })
    expect(record.status).toBe('success')
    const verify = await client.call('verify', { setId: 'demo_set' })
    expect(verify.checks[0]).toMatchObject({
      status: 'failed',
      remedy: 'All triggers are paused. Type dff trigger resume --all.',
    })
    const resumed = await client.call('trigger.resume', {})
    expect(resumed).toMatchObject({ pause: null, triggers: [{ isPaused: false }] })
    moveTo(Date.parse('2026-11-23T12:10:00Z') + SETTLED_MS)
    expect((await untilEnded(2)).map((task) => task.triggerTimeMs)).toContain(
      Date.parse('2026-11-23T12:10:00Z'),
    )
    expect(await tasks()).toHaveLength(2)
    await expect(client.call('trigger.pause', { untilMs: Date.now() - 1 })).rejects.toMatchObject({
      code: 'BAD_PARAMETER',
      parts: { place: '--until' },
    })
  })

  it('lets an Execute wait for a tick that runs', async () => {
    await deploy({ names: ['a'], gate: gate.url })
    moveTo(Date.parse('2026-11-23T12:05:00Z') + SETTLED_MS)
    await gate.arrived()
    const said: string[] = []
    const executing = client.call('exec', { target: 'demo_set', atMs: null, debug: false }, (event) => {
      if (event.kind === 'note') said.push(event.text)
    })
    await until('it says that it waits', () => said.length === 1)
    gate.open()
    await until('the tick has ended', async () => (await tasks()).some((task) => task.endTimeMs !== null))
    await gate.arrived()
    gate.open()
    expect((await executing).record).toMatchObject({ status: 'success', returnValue: { count: 2 } })
  })

  it('says what it is and how it does', async () => {
    await deploy({ names: ['a'] })
    const status = await client.call('status', {})
    expect(status).toMatchObject({
      home: ground.home,
      pid: process.pid,
      mode: 'start',
      triggers: [{ triggerId: TRIGGER }],
      runningTasks: [],
      backlog: { waitingBatches: 0 },
      connector: { id: 'default', isImplicit: true },
      acknowledgedPoints: 0,
      lastDeliveryError: null,
    })
    expect(existsSync(join(ground.home, '.dff/host.sock'))).toBe(true)
  })
})
