import { describe, expect, it } from 'vitest'
import type { NewTask } from '../../runner/store/store.ts'
import { LEASE_MS, SCRIPT, SUCCESS, T0, TRIGGER, makeTask, type StoreFixture } from './store-fixture.ts'

/** Ticks, leases and fences. */
export function describeQueue(fixture: () => StoreFixture): void {
  describe('queue', () => {
    const tick = (id: string, tickMs: number): NewTask => makeTask(id, { triggerId: 'cron-1', tickMs })

    it('creates a tick once, whoever asks', async () => {
      expect(await fixture().store.queue.enqueueOnce(tick('a', T0))).toBe(true)
      expect(await fixture().store.queue.enqueueOnce(tick('b', T0))).toBe(false)
      expect(await fixture().store.queue.enqueueOnce(tick('c', T0 + 1))).toBe(true)
      expect(await fixture().store.queue.enqueueOnce({ ...tick('d', T0), triggerId: 'cron-2' })).toBe(true)
      expect((await fixture().store.queue.waiting()).map((task) => task.taskId)).toEqual(['a', 'c', 'd'])
    })

    it('creates as many direct tasks as are asked for', async () => {
      expect(await fixture().store.queue.enqueueOnce(makeTask('a'))).toBe(true)
      expect(await fixture().store.queue.enqueueOnce(makeTask('b'))).toBe(true)
    })

    it('moves the last tick forward and never back', async () => {
      await fixture().declare(TRIGGER)
      await fixture().store.queue.enqueueOnce(tick('a', T0 + 5))
      await fixture().store.queue.enqueueOnce(tick('b', T0))
      await fixture().store.queue.enqueueOnce(tick('c', T0 + 5))
      expect((await fixture().store.triggers.get('cron-1'))?.lastTickMs).toBe(T0 + 5)
    })

    it('lets one task of a function run and names it to the next', async () => {
      await fixture().store.queue.enqueueOnce(makeTask('a'))
      await fixture().store.queue.enqueueOnce(makeTask('b'))
      await fixture().store.queue.enqueueOnce(makeTask('other', { funcId: 'startup__x.run' }))
      expect(await fixture().store.queue.claim('a', T0, LEASE_MS)).toEqual({ kind: 'claimed', fence: 1 })
      expect(await fixture().store.queue.claim('b', T0 + 1, LEASE_MS)).toEqual({
        kind: 'busy',
        holderTaskId: 'a',
      })
      expect(await fixture().store.queue.claim('other', T0 + 1, LEASE_MS)).toEqual({
        kind: 'claimed',
        fence: 1,
      })
      expect(await fixture().store.queue.claim('a', T0 + 1, LEASE_MS)).toEqual({
        kind: 'gone',
        status: 'pending',
      })
      expect((await fixture().store.records.get('a'))?.startTimeMs).toBe(T0)
    })

    it('gives a higher fence each time the function is claimed', async () => {
      const fences: number[] = []
      for (const id of ['a', 'b', 'c']) {
        const lease = await fixture().runTask(id)
        fences.push(lease.fence)
        expect(await fixture().store.queue.finish(lease, SUCCESS)).toBe(true)
      }
      await fixture().store.records.prune(0, T0)
      fences.push((await fixture().runTask('d')).fence)
      expect(fences).toEqual([1, 2, 3, 4])
    })

    it('turns a task that waited too long into expire', async () => {
      await fixture().store.queue.enqueueOnce(makeTask('a', { expiresAtMs: T0 + 10 }))
      expect(await fixture().store.queue.claim('a', T0 + 11, LEASE_MS)).toEqual({
        kind: 'gone',
        status: 'expire',
      })
      expect(await fixture().store.records.get('a')).toMatchObject({
        status: 'expire',
        exceptionType: 'TaskExpired',
        endTimeMs: T0 + 11,
      })
      expect(await fixture().store.queue.claim('nobody', T0, LEASE_MS)).toMatchObject({ kind: 'gone' })
    })

    it('gives the function to the next task when a lease ran out, and closes the lost one', async () => {
      const lost = await fixture().runTask('a')
      await fixture().store.queue.enqueueOnce(makeTask('b'))
      expect(await fixture().store.queue.claim('b', T0 + LEASE_MS, LEASE_MS)).toEqual({
        kind: 'claimed',
        fence: 2,
      })
      expect(await fixture().store.records.get('a')).toMatchObject({
        status: 'failure',
        exceptionType: 'LeaseLost',
      })
      expect(await fixture().store.queue.heartbeat(lost, T0 + 2 * LEASE_MS)).toBe(false)
      expect(await fixture().store.queue.finish(lost, SUCCESS)).toBe(false)
      expect(await fixture().commit(lost, { state: { cursor: 1 } })).toBe('lease-lost')
      expect((await fixture().store.records.get('b'))?.status).toBe('pending')
      expect(await fixture().store.state.load(SCRIPT, 'cursor')).toBeUndefined()
    })

    it('keeps a lease alive by heartbeats', async () => {
      const lease = await fixture().runTask('a')
      await fixture().store.queue.enqueueOnce(makeTask('b'))
      expect(await fixture().store.queue.heartbeat(lease, T0 + 5 * LEASE_MS)).toBe(true)
      expect((await fixture().store.queue.claim('b', T0 + 4 * LEASE_MS, LEASE_MS)).kind).toBe('busy')
    })

    it('lists orphans with their children until they are finished', async () => {
      const lease = await fixture().runTask('a')
      await fixture().runTask('b', { funcId: 'startup__x.run' })
      await fixture().store.queue.recordChild(lease, 4711, '99887766')
      expect(await fixture().store.queue.orphans()).toEqual([
        { taskId: 'a', fence: 1, pid: 4711, startTicks: '99887766' },
        { taskId: 'b', fence: 1, pid: null, startTicks: null },
      ])
      expect(await fixture().store.queue.finish(lease, { ...SUCCESS, status: 'failure' })).toBe(true)
      expect((await fixture().store.queue.orphans()).map((orphan) => orphan.taskId)).toEqual(['b'])
    })

    it('ends no task before it began, whatever the clock did meanwhile', async () => {
      const lease = await fixture().runTask('a')
      await fixture().store.queue.finish(lease, { ...SUCCESS, endTimeMs: T0 - 3_600_000 })
      expect(await fixture().store.records.get('a')).toMatchObject({ startTimeMs: T0, endTimeMs: T0 })
    })

    it('closes a task that never ran, and no other', async () => {
      const lease = await fixture().runTask('a')
      await fixture().store.queue.enqueueOnce(makeTask('b'))
      await fixture().store.queue.close('b', 'skip', 'a is still running', T0 + 3)
      await fixture().store.queue.close('a', 'skip', 'wrong', T0 + 3)
      expect(await fixture().store.records.get('b')).toMatchObject({
        status: 'skip',
        exceptionType: 'PreviousTaskNotFinished',
        exceptionText: 'a is still running',
        endTimeMs: T0 + 3,
      })
      expect((await fixture().store.records.get('a'))?.status).toBe('pending')
      expect(await fixture().store.queue.finish(lease, SUCCESS)).toBe(true)
    })
  })
}
