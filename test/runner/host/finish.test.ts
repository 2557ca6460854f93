import { describe, expect, it, vi } from 'vitest'
import { DffError } from '../../../core/error.ts'
import { finishWhenPossible } from '../../../runner/finish.ts'
import type { Store, TaskEnd } from '../../../runner/store/store.ts'

const LEASE = { taskId: 'task-01', fence: 1 }
const END: TaskEnd = {
  status: 'success',
  endTimeMs: 1,
  exceptionType: null,
  exceptionText: null,
  problems: [],
  usage: [],
  resources: null,
  returnValue: null,
}

const FULL = new DffError({
  code: 'HOME_UNUSABLE',
  place: 'host.db',
  expected: 'room for the next write',
  got: 'a full disk',
  remedy: 'Free some space.',
})

/** A store that fails so often before it takes the end. */
function failing(error: Error, times: number) {
  let attempts = 0
  const ends: TaskEnd[] = []
  const notes: string[] = []
  const queue = {
    finish: async (_lease: unknown, end: TaskEnd) => {
      attempts += 1
      if (attempts <= times) throw error
      ends.push(end)
      return true
    },
  }
  const parts = (mode: 'start' | 'command') => ({
    store: { queue } as unknown as Store, // only the queue's finish is called
    owner: { pid: 1, startedAtMs: 0, mode, command: 'dff' },
    note: (text: string) => notes.push(text),
  })
  return { parts, ends, notes, attempts: () => attempts }
}

function finish(world: ReturnType<typeof failing>, mode: 'start' | 'command', signal?: AbortSignal) {
  const until = signal ?? new AbortController().signal
  return finishWhenPossible(world.parts(mode), { lease: LEASE, end: END }, until)
}

describe('the end of a task', () => {
  it('is written once the disk has room again, and the host says once that it waits', async () => {
    const world = failing(FULL, 2)
    await finish(world, 'start')
    expect(world.ends).toEqual([END])
    expect(world.notes).toEqual([expect.stringMatching(/^The record of task task-01 waits: .*full disk/)])
  })

  it('is given up when the host leaves', async () => {
    const world = failing(FULL, Infinity)
    const leaving = new AbortController()
    const finishing = finish(world, 'start', leaving.signal)
    finishing.catch(() => undefined)
    await vi.waitFor(() => expect(world.notes).toHaveLength(1))
    leaving.abort()
    await expect(finishing).rejects.toBe(FULL)
  })

  it('is given up by a command after seconds, because somebody waits for it', async () => {
    const world = failing(FULL, Infinity)
    const startedMs = performance.now()
    await expect(finish(world, 'command')).rejects.toBe(FULL)
    expect(performance.now() - startedMs).toBeLessThan(6_000)
    expect(world.attempts()).toBeGreaterThan(1)
  })

  it('is not tried again after an error that does not pass', async () => {
    const world = failing(new Error('a defect'), 1)
    await expect(finish(world, 'start')).rejects.toThrow('a defect')
    expect(world.attempts()).toBe(1)
  })
})
