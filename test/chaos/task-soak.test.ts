import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest'
import { MINUTE_MS } from '../../core/time.ts'
import { homePaths } from '../../runner/home.ts'
import { ChaosHome } from './chaos-home.ts'

const TASKS = inject('length') === 'long' ? 2_000 : 200
const SAMPLES = 40
/** 31 hours of digests and a hundred records are full after 124 polls of this step: from there on nothing may grow. */
const STEP_MS = 15 * MINUTE_MS
const FULL_AFTER_TASKS = 130
const PRELOAD = fileURLToPath(new URL('measured-host.ts', import.meta.url))

interface Sample {
  readonly rssMB: number
  readonly heapMB: number
  readonly handles: number
  readonly openFiles: number
  readonly children: number
  readonly databaseMB: number
}

let folder: string
let chaos: ChaosHome

function sizeMB(path: string): number {
  return existsSync(path) ? statSync(path).size / 1e6 : 0
}

async function measure(): Promise<Sample> {
  const file = join(folder, 'measured')
  rmSync(file, { force: true })
  process.kill(chaos.host.pid, 'SIGUSR2')
  await vi.waitFor(() => expect(existsSync(file)).toBe(true), 10_000)
  // What measured-host.ts writes.
  const own = JSON.parse(readFileSync(file, 'utf8')) as { rss: number; heapUsed: number; handles: number }
  const { database } = homePaths(chaos.home.root)
  return {
    rssMB: own.rss / 1e6,
    heapMB: own.heapUsed / 1e6,
    handles: own.handles,
    openFiles: readdirSync(`/proc/${chaos.host.pid}/fd`).length,
    children: chaos.host.children().length,
    databaseMB: sizeMB(database) + sizeMB(`${database}-wal`),
  }
}

function median(samples: readonly Sample[], key: keyof Sample): number {
  const values = samples.map((sample) => sample[key]).toSorted((left, right) => left - right)
  return values[Math.floor(values.length / 2)] ?? 0
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'task-soak-'))
  chaos = await ChaosHome.open({
    functions: 10,
    regions: 1,
    seed: 17,
    host: {
      nodeArgs: ['--expose-gc', '--import', PRELOAD],
      env: { MEASURE_FILE: join(folder, 'measured') },
      args: ['--own-points', '--metrics-port', '0'],
    },
  })
})

afterEach(async () => {
  await chaos[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

describe(`${TASKS} tasks in fast time`, () => {
  it('leave memory, handles, file descriptors, processes and the database as they were', async () => {
    const samples: Sample[] = []
    for (let task = 1; task <= TASKS; task += 1) {
      await chaos.pollWell(STEP_MS)
      const isDue = task >= FULL_AFTER_TASKS && task % Math.ceil((TASKS - FULL_AFTER_TASKS) / SAMPLES) === 0
      if (isDue) samples.push(await measure())
    }
    await chaos.drain()
    const quarter = Math.floor(samples.length / 4)
    const first = samples.slice(0, quarter)
    const last = samples.slice(-quarter)
    const keys = ['rssMB', 'heapMB', 'handles', 'openFiles', 'children', 'databaseMB'] as const
    const flat = Object.fromEntries(
      keys.map((key) => [key, { first: median(first, key), last: median(last, key) }]),
    ) as Record<keyof Sample, { first: number; last: number }>
    console.log(JSON.stringify({ tasks: TASKS, samples: samples.length, ...flat }))
    expect(samples.length).toBeGreaterThan(SAMPLES / 2)
    expect(flat.rssMB.last).toBeLessThan(flat.rssMB.first * 1.1 + 8)
    expect(flat.heapMB.last).toBeLessThan(flat.heapMB.first * 1.1 + 2)
    expect(flat.handles.last).toBeLessThanOrEqual(flat.handles.first + 2)
    expect(flat.openFiles.last).toBeLessThanOrEqual(flat.openFiles.first + 2)
    expect(flat.databaseMB.last).toBeLessThan(flat.databaseMB.first * 1.1 + 0.5)
    // Measured between two tasks: the one before has left nothing behind.
    expect(flat.children.last).toBe(0)
    expect(await chaos.audit()).toMatchObject({ missing: 0, wrong: 0 })
  })
})
