import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DffError } from '../../../core/error.ts'
import { openClient } from '../../../runner/client.ts'
import type { HostClient, TaskRecord } from '../../../runner/host-api.ts'
import { type Gate, makeGround, openGate, until } from '../../runner/host/fixture.ts'
import { type Disk, DISKS } from '../../runner/host/full-disk.ts'
import { hold, type Holder } from '../../runner/host/holder-process.ts'

const EXEC = { target: 'demo_set', atMs: null, debug: false } as const
/** A file system that is full still has room in what is there already: the write-ahead log is used again. */
const MAX_ATTEMPTS = 200
/** Everything that waits tries again every five seconds; the rest is for a machine that is busy. */
const HEAL_MS = 40_000

let disk: Disk
let gate: Gate
let holder: Holder
let client: HostClient

async function open(makeDisk: () => Disk, mode: 'start' | 'command'): Promise<void> {
  disk = makeDisk()
  gate = await openGate()
  const ground = makeGround(disk.root)
  holder = await hold(ground, mode)
  client = await openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
}

async function deploy(useGate: boolean): Promise<void> {
  const parameters = { names: ['a'], ...(useGate ? { gate: gate.url } : {}) }
  await client.call('install', { setId: 'demo_set', parameters, force: false })
  await client.call('deploy', { setId: 'demo_set', force: true })
}

/** The record of an Execute, or the code with which it was refused. */
async function exec(): Promise<TaskRecord | string> {
  try {
    return (await client.call('exec', EXEC)).record
  } catch (error) {
    if (error instanceof DffError) return error.code
    throw error
  }
}

afterEach(async () => {
  await client.close()
  await holder.end('SIGKILL')
  await gate.close()
  disk.remove()
})

describe.each(DISKS)('a host that meets %s', (_title, makeDisk) => {
  beforeEach(() => open(makeDisk, 'start'))

  /** Lines that the file sink holds, of one kind. */
  function delivered(prefix: string): string[] {
    const folder = join(holder.home, '.dff/output')
    const text = readdirSync(folder)
      .filter((name) => name.startsWith(prefix))
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .join('')
    return text.split('\n').filter((line) => line !== '')
  }

  it('refuses what it cannot keep, by name, goes on answering, and works again by itself', async () => {
    await deploy(false)
    expect(await exec()).toMatchObject({ status: 'success', returnValue: { count: 1 } })
    disk.fill(holder.pid)
    let kept = 1
    let refused: TaskRecord | string | undefined
    for (let attempt = 0; attempt < MAX_ATTEMPTS && refused === undefined; attempt += 1) {
      const result = await exec()
      if (typeof result !== 'string' && result.status === 'success') kept += 1
      else refused = result
    }
    expect(refused).toSatisfy((got: TaskRecord | string) => JSON.stringify(got).includes('HOME_UNUSABLE'))
    // It reads, and says what it is.
    expect((await client.call('status', {})).pid).toBe(holder.pid)
    disk.free(holder.pid)
    let record: TaskRecord | undefined
    const succeeds = async (): Promise<boolean> => {
      const result = await exec()
      if (typeof result !== 'string' && result.status === 'success') record = result
      return record !== undefined
    }
    await until('a task runs to its end again', succeeds, HEAL_MS)
    // The cursor is where the last commit left it, and each of its points has arrived once.
    const count = Number((record?.returnValue as { readonly count?: number } | undefined)?.count)
    expect(count).toBeGreaterThan(kept)
    const isDelivered = async (): Promise<boolean> => {
      const { backlog } = await client.call('status', {})
      return backlog.waitingBatches === 0
    }
    await until('everything is delivered', isDelivered, HEAL_MS)
    expect(delivered('metric')).toHaveLength(count)
    expect(delivered('custom_object')).toHaveLength(count)
    const haveEnded = async (): Promise<boolean> => {
      const tasks = await client.call('task.list', { limit: 1_000, funcId: null, status: null })
      return tasks.every(({ endTimeMs }) => endTimeMs !== null)
    }
    await until('every task has its end', haveEnded, HEAL_MS)
  }, 120_000)

  it('keeps the end of a task that ran meanwhile until it can be written', async () => {
    await deploy(true)
    const running = exec()
    await gate.arrived()
    disk.fill(holder.pid)
    gate.open()
    await until('the task has ended', async () => {
      const pending = await client.call('task.list', { limit: 9, funcId: null, status: 'pending' })
      return pending.length === 0 || holder.output().includes('waits for the disk')
    })
    disk.free(holder.pid)
    expect(await running).toMatchObject({ status: 'success', returnValue: { count: 1 } })
  })
})

describe.each(DISKS)('a command that meets %s', (_title, makeDisk) => {
  beforeEach(() => open(makeDisk, 'command'))

  it('gives up after seconds, by name, and the next owner ends what it could not', async () => {
    await deploy(true)
    const running = exec()
    await gate.arrived()
    disk.fill(holder.pid)
    gate.open()
    const result = await running
    // Where the write-ahead log still had room, the record was written; there is nothing to give up then.
    if (typeof result === 'string') expect(result).toBe('HOME_UNUSABLE')
    else expect(result.status).not.toBe('pending')
    disk.free(holder.pid)
    await client.close()
    await holder.end('SIGKILL')
    client = await openClient(holder.home, { command: 'test', marketRoot: holder.home })
    const tasks = await client.call('task.list', { limit: 9, funcId: null, status: null })
    expect(tasks.filter(({ endTimeMs }) => endTimeMs === null)).toEqual([])
  })
})
