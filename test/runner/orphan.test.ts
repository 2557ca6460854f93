import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { endOrphans, readStartTicks } from '../../runner/orphan.ts'
import { openSqliteStore } from '../../runner/store/sqlite/open.ts'
import type { Store } from '../../runner/store/store.ts'
import { PATIENCE } from '../patience.ts'
import { isAlive } from './task/task-run.ts'

/** A task that hears of nothing: neither that its channel is closed nor a polite signal. */
const DEAF = ['-c', 'trap "" TERM HUP INT; while :; do sleep 60; done']

let folder: string
let store: Store
const processes: ChildProcess[] = []

/** A process of its own group, as a task is. */
function startDeaf(): number {
  const child = spawn('sh', DEAF, { detached: true, stdio: 'ignore' })
  processes.push(child)
  return child.pid ?? -1
}

/** A task that a host has claimed and started as this process, before it died. */
async function leave(id: string, pid: number, startTicks: string | null): Promise<void> {
  await store.queue.enqueueOnce({
    id,
    funcId: `startup__${id}.run`,
    triggerId: null,
    origin: 'direct',
    tickMs: null,
    triggerTimeMs: 0,
    expiresAtMs: 2,
    isDebug: false,
    connector: 'file',
    endpointUrl: null,
  })
  const claim = await store.queue.claim(id, 1, 60_000)
  const fence = claim.kind === 'claimed' ? claim.fence : -1
  await store.queue.recordChild({ taskId: id, fence }, pid, startTicks)
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'orphan-'))
  store = await openSqliteStore(join(folder, 'host.db'))
})

afterEach(async () => {
  for (const { pid } of processes.splice(0)) {
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL')
    } catch {
      // It was ended by what is tested here.
    }
  }
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('what a dead host left running', () => {
  it('is killed when it is still the process that was recorded, and its task says what happened', async () => {
    const pid = startDeaf()
    await leave('lost', pid, readStartTicks(pid))
    expect(await endOrphans(store, 3)).toEqual(['lost'])
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), PATIENCE)
    expect(await store.records.get('lost')).toMatchObject({
      status: 'failure',
      exceptionType: 'HostDied',
      endTimeMs: 3,
    })
    expect(await endOrphans(store, 4)).toEqual([])
  })

  it('is left alone when another process has its pid by now, or nobody knows which one it was', async () => {
    const [reused, unknown] = [startDeaf(), startDeaf()]
    await leave('reused', reused, '1')
    await leave('unknown', unknown, null)
    expect(await endOrphans(store, 3)).toEqual(['reused', 'unknown'])
    const bystander = startDeaf()
    await leave('bait', bystander, readStartTicks(bystander))
    await endOrphans(store, 4)
    // Killed after the others would have been.
    await vi.waitFor(() => expect(isAlive(bystander)).toBe(false), PATIENCE)
    expect([reused, unknown].map(isAlive)).toEqual([true, true])
  })
})
