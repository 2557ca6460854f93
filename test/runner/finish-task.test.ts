import { describe, expect, it, vi } from 'vitest'
import { DffError } from '../../core/error.ts'
import { failedEnd, finishTask } from '../../runner/finish-task.ts'
import type { Store, TaskEnd } from '../../runner/store/store.ts'
import { PATIENCE } from '../patience.ts'

const LEASE = { taskId: 'task-01', fence: 1 }

const FULL = new DffError({
  code: 'HOME_UNUSABLE',
  place: 'host.db',
  expected: 'room for the next write',
  got: 'a full disk',
  remedy: 'Free some space.',
})

const END = failedEnd(FULL)

/** A store that fails so often before it takes the end. */
class FailingStore {
  attempts = 0
  readonly ends: TaskEnd[] = []
  readonly notes: string[] = []
  readonly #error: Error
  readonly #times: number

  constructor(error: Error, times: number) {
    this.#error = error
    this.#times = times
  }

  finish(mode: 'start' | 'command', stopping: AbortSignal = new AbortController().signal): Promise<void> {
    const queue = {
      finish: async (_lease: unknown, end: TaskEnd) => {
        this.attempts += 1
        if (this.attempts <= this.#times) throw this.#error
        this.ends.push(end)
        return true
      },
    }
    const parts = {
      store: { queue } as unknown as Store, // only the queue's finish is called
      owner: { pid: 1, startedAtMs: 0, mode, command: 'dff' },
      note: (text: string) => this.notes.push(text),
    }
    return finishTask(parts, LEASE, END, stopping)
  }
}

describe('the end of a task', () => {
  it('is written once the disk has room again, and the host says once that it waits', async () => {
    const store = new FailingStore(FULL, 2)
    await store.finish('start')
    expect(store.ends).toEqual([END])
    expect(store.notes).toEqual([
      expect.stringMatching(/^The record of task task-01 waits for the disk: .*full disk/),
    ])
  })

  it('is given up when the host leaves', async () => {
    const store = new FailingStore(FULL, Infinity)
    const leaving = new AbortController()
    const finishing = store.finish('start', leaving.signal)
    finishing.catch(() => undefined)
    await vi.waitFor(() => expect(store.notes).toHaveLength(1), PATIENCE)
    leaving.abort()
    await expect(finishing).rejects.toBe(FULL)
  })

  it('is given up by a command after seconds, because somebody waits for it', async () => {
    const store = new FailingStore(FULL, Infinity)
    await expect(store.finish('command')).rejects.toBe(FULL)
    expect(store.attempts).toBeGreaterThan(1)
  })

  it('is not tried again after an error that does not pass', async () => {
    const store = new FailingStore(new Error('a defect'), 1)
    await expect(store.finish('start')).rejects.toThrow('a defect')
    expect(store.attempts).toBe(1)
  })
})
