import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DffError } from '../../core/error.ts'
import { createRandom } from '../../simulator/truth/random.ts'
import { SETTLING_POLLS } from './audit.ts'
import { ChaosHome } from './chaos-home.ts'
import { makeSmallDisk, type SmallDisk } from './small-disk.ts'

/** What is left of the disk: nothing, less than a page, a few pages, about a commit, and nearly enough. */
const LEFT_BYTES = [0, 3_000, 20_000, 150_000, 600_000]
const POLLS = 3
const SEED = 9
/** As long as a poll of this home takes: kills fall anywhere in it. */
const POLL_MS = 1_500
/** Longer than a poll takes on a busy machine. */
const PATIENCE_MS = 6_000

let disk: SmallDisk
let chaos: ChaosHome

/** Execute, to whatever end; what it is refused with counts as well. The record of one that ran waits for the disk. */
async function tryPoll(): Promise<string> {
  await chaos.moveOn()
  const executing = chaos.host.call('exec', { target: 'guance_aws_lambda', atMs: chaos.nowMs, debug: false })
  executing.catch(() => undefined)
  try {
    const result = await Promise.race([executing, wait(PATIENCE_MS)])
    return result?.record.status ?? 'waits'
  } catch (error) {
    if (error instanceof DffError) return error.code
    throw error
  }
}

async function tryPolls(): Promise<string[]> {
  const ends: string[] = []
  for (let poll = 0; poll < POLLS; poll += 1) ends.push(await tryPoll())
  return ends
}

/** kill -9 within a poll on the full disk, and another host: it starts, or says what is missing; it never breaks what is there. */
async function killOnFullDisk(random: () => number): Promise<string> {
  await chaos.moveOn()
  const executing = chaos.host.call('exec', { target: 'guance_aws_lambda', atMs: chaos.nowMs, debug: false })
  executing.catch(() => undefined)
  await wait(random() * POLL_MS)
  await chaos.host.kill()
  return chaos.startHost().then(
    () => 'it started',
    () => chaos.host.errors,
  )
}

beforeEach(async () => {
  disk = makeSmallDisk()
  // Where the home is made.
  vi.stubEnv('TMPDIR', disk.folder)
  chaos = await ChaosHome.open({ functions: 40, regions: 2, seed: SEED, failShare: 0.2, host: disk.host })
  vi.unstubAllEnvs()
})

afterEach(async () => {
  disk.free()
  await chaos[Symbol.asyncDispose]()
  disk[Symbol.dispose]()
})

describe('a full disk', () => {
  it('stops cursors, not the host, and everything is collected once there is room again', async () => {
    for (let poll = 0; poll < POLLS; poll += 1) await chaos.pollWell()
    const random = createRandom(SEED)
    const ends: string[][] = []
    const restarts: string[] = []
    const healedSec: number[] = []
    for (const leaveBytes of LEFT_BYTES) {
      disk.fill(leaveBytes)
      ends.push(await tryPolls())
      expect(chaos.host.isAlive).toBe(true)
      restarts.push(await killOnFullDisk(random))
      disk.free()
      const freedMs = performance.now()
      if (!chaos.host.isAlive) await chaos.startHost()
      await chaos.moveOn()
      const { atMs, end } = await chaos.begin()
      healedSec.push((atMs - freedMs) / 1000)
      expect((await end).text).toContain(': success')
    }
    chaos.sink.failShare = 0
    for (let poll = 0; poll <= SETTLING_POLLS; poll += 1) await chaos.pollWell()
    await chaos.drain()
    const audit = await chaos.audit()
    const sink = chaos.sink.verdict()
    const { expected, missing, wrong } = audit
    console.log(
      JSON.stringify({ disk: disk.kind, ends, healedSec, restarts, expected, missing, wrong, sink }),
    )
    expect(audit).toMatchObject({ missing: 0, wrong: 0, extra: 0, samples: [], rewrittenDifferently: 0 })
    expect(expected).toBeGreaterThan(20_000)
    expect(sink).toMatchObject({ duplicatesDiffering: 0, publishedAgain: 0 })
    // No task is left over that would hold up the next one until its lease runs out.
    expect(Math.max(...healedSec)).toBeLessThan(12)
    const left = await chaos.host.call('task.list', { limit: 1000, funcId: null, status: null })
    expect(left.filter(({ endTimeMs }) => endTimeMs === null)).toEqual([])
    // Otherwise the disk was never full for anybody.
    expect(ends[0]).not.toContain('success')
    for (const restart of restarts) expect(restart).toMatch(/disk is full|full disk|it started/)
  })
})
