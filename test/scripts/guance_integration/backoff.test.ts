import { describe, expect, it } from 'vitest'
import {
  type Backoff,
  backoffMs,
  DEFAULT_BACKOFF,
  retryWithBackoff,
} from '../../../scripts/guance_integration/backoff.ts'

function recording(delays: number[]): Backoff {
  return {
    ...DEFAULT_BACKOFF,
    random: () => 1,
    sleep: async (delayMs) => {
      delays.push(delayMs)
    },
  }
}

describe('retryWithBackoff', () => {
  it('waits longer each time and gives the result of the attempt that works', async () => {
    const delays: number[] = []
    let calls = 0
    const call = async () => {
      calls += 1
      if (calls < 3) throw new Error('busy')
      return 'done'
    }
    const signal = new AbortController().signal
    expect(await retryWithBackoff(call, () => true, { backoff: recording(delays), signal })).toBe('done')
    expect(delays).toEqual([2_000, 4_000])
  })

  it('throws the last error after the last attempt, and at once what is not worth it', async () => {
    const delays: number[] = []
    const signal = new AbortController().signal
    const call = async () => Promise.reject(new Error('refused'))
    await expect(retryWithBackoff(call, () => true, { backoff: recording(delays), signal })).rejects.toThrow(
      'refused',
    )
    expect(delays).toHaveLength(2)
    await expect(retryWithBackoff(call, () => false, { backoff: recording(delays), signal })).rejects.toThrow(
      'refused',
    )
    expect(delays).toHaveLength(2)
  })

  it('ends a wait when the task is aborted', async () => {
    const controller = new AbortController()
    const call = async () => {
      setImmediate(() => controller.abort(new Error('deadline')))
      return Promise.reject(new Error('busy'))
    }
    const waiting = retryWithBackoff(call, () => true, {
      backoff: DEFAULT_BACKOFF,
      signal: controller.signal,
    })
    await expect(waiting).rejects.toThrow(/abort/i)
  })

  it('never waits less than half of the step nor more than the cap', () => {
    for (const random of [() => 0, () => 0.5, () => 1]) {
      const delay = backoffMs({ ...DEFAULT_BACKOFF, random }, 9)
      expect(delay).toBeGreaterThanOrEqual(10_000)
      expect(delay).toBeLessThanOrEqual(20_000)
    }
  })
})
