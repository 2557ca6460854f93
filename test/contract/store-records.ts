import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  CONNECTOR,
  FUNC,
  SCRIPT,
  SUCCESS,
  T0,
  makeBatch,
  makeTask,
  type StoreFixture,
} from './store-fixture.ts'

/** Task records, logs and commits. */
export function describeRecords(fixture: () => StoreFixture): void {
  describe('records and logs', () => {
    it('gives the whole record back', async () => {
      const lease = await fixture().runTask('a', {
        isDebug: true,
        endpointUrl: 'http://127.0.0.1:1',
        triggerTimeMs: T0 - 5,
        missedTicks: 11,
      })
      await fixture().commit(lease, { batches: [makeBatch('x'), makeBatch('y')] })
      await fixture().commit(lease, { batches: [makeBatch('z', { category: 'custom_object', points: 1 })] })
      await fixture().store.queue.finish(lease, SUCCESS)
      expect(await fixture().store.records.get('a')).toEqual({
        id: 'a',
        funcId: FUNC,
        triggerId: null,
        origin: 'direct',
        status: 'success',
        triggerTimeMs: T0 - 5,
        missedTicks: 11,
        startTimeMs: T0,
        endTimeMs: SUCCESS.endTimeMs,
        isDebug: true,
        exceptionType: null,
        exceptionText: null,
        problems: SUCCESS.problems,
        points: { metric: 4, custom_object: 1 },
        usage: SUCCESS.usage,
        predicted: SUCCESS.predicted,
        resources: SUCCESS.resources,
        connector: CONNECTOR,
        endpointUrl: 'http://127.0.0.1:1',
        returnValue: { points: 7 },
      })
    })

    it('lists the newest first, by function and status', async () => {
      for (const id of ['a', 'b']) await fixture().store.queue.finish(await fixture().runTask(id), SUCCESS)
      await fixture().store.queue.enqueueOnce(makeTask('c'))
      await fixture().store.queue.enqueueOnce(makeTask('d', { funcId: 'startup__x.run' }))
      const list = async (filter: object): Promise<string[]> =>
        (await fixture().store.records.list({ limit: 10, funcId: null, status: null, ...filter })).map(
          (row) => row.id,
        )
      expect(await list({})).toEqual(['d', 'c', 'b', 'a'])
      expect(await list({ limit: 2 })).toEqual(['d', 'c'])
      expect(await list({ funcId: FUNC, status: 'success' })).toEqual(['b', 'a'])
    })

    it('counts what is kept by function and status', async () => {
      for (const id of ['a', 'b']) await fixture().store.queue.finish(await fixture().runTask(id), SUCCESS)
      await fixture().runTask('c')
      await fixture().store.queue.enqueueOnce(makeTask('d', { funcId: 'startup__x.run' }))
      const counts = await fixture().store.records.counts()
      expect(counts.toSorted((left, right) => left.status.localeCompare(right.status))).toEqual([
        { funcId: FUNC, status: 'pending', count: 1 },
        { funcId: FUNC, status: 'success', count: 2 },
        { funcId: 'startup__x.run', status: 'waiting', count: 1 },
      ])
    })

    it('reads a log in order, from where the reader stands', async () => {
      await fixture().store.queue.enqueueOnce(makeTask('a'))
      const line = (
        sequence: number,
      ): { taskId: string; sequence: number; timeMs: number; text: string } => ({
        taskId: 'a',
        sequence,
        timeMs: T0 + sequence,
        text: `line ${sequence}\n`,
      })
      await fixture().store.records.appendLog([line(1), line(2)])
      await fixture().store.records.appendLog([line(3), { ...line(1), taskId: 'gone' }])
      await fixture().store.records.appendLog([])
      expect(await fixture().store.records.readLog('a', 1)).toEqual([line(2), line(3)])
      expect(await fixture().store.records.readLog('gone', 0)).toEqual([])
    })

    it('appends all lines of a call or none', async () => {
      await fixture().store.queue.enqueueOnce(makeTask('a'))
      const line = { taskId: 'a', sequence: 1, timeMs: T0, text: 'x' }
      await expect(fixture().store.records.appendLog([line, line])).rejects.toThrow(/./)
      expect(await fixture().store.records.readLog('a', 0)).toEqual([])
    })

    it('prunes by count and age, with the logs, but never what is not over', async () => {
      for (const id of ['a', 'b', 'c'])
        await fixture().store.queue.finish(await fixture().runTask(id), SUCCESS)
      await fixture().store.queue.finish(await fixture().runTask('x', { funcId: 'startup__x.run' }), {
        ...SUCCESS,
        endTimeMs: T0,
      })
      await fixture().store.records.appendLog([{ taskId: 'a', sequence: 1, timeMs: T0, text: 'x' }])
      await fixture().runTask('running', { triggerTimeMs: 0 })
      expect(await fixture().store.records.prune(2, T0 + 1)).toBe(2)
      const left = await fixture().store.records.list({ limit: 10, funcId: null, status: null })
      expect(left.map((row) => row.id)).toEqual(['running', 'c', 'b'])
      expect(await fixture().store.records.readLog('a', 0)).toEqual([])
    })
  })

  describe('commit', () => {
    it('writes points and state together', async () => {
      const lease = await fixture().runTask('a')
      expect(
        await fixture().commit(lease, { batches: [makeBatch('x')], state: { cursor: { at: T0 }, old: 1 } }),
      ).toBe('committed')
      expect(await fixture().commit(lease, { state: { old: null, none: null } })).toBe('committed')
      expect(await fixture().store.state.load(SCRIPT, 'cursor')).toEqual({ at: T0 })
      expect(await fixture().store.state.load(SCRIPT, 'old')).toBeUndefined()
      expect(await fixture().store.state.load('startup__other', 'cursor')).toBeUndefined()
      expect(await fixture().nextText()).toBe('x')
    })

    it('writes nothing for a lease that is not held', async () => {
      const lease = await fixture().runTask('a')
      const wrong = [
        { ...lease, fence: 2 },
        { ...lease, taskId: 'b' },
      ]
      for (const other of wrong) {
        expect(await fixture().commit(other, { batches: [makeBatch('x')], state: { cursor: 1 } })).toBe(
          'lease-lost',
        )
      }
      await fixture().store.queue.finish(lease, SUCCESS)
      expect(await fixture().commit(lease, { state: { cursor: 1 } })).toBe('lease-lost')
      expect(await fixture().store.state.load(SCRIPT, 'cursor')).toBeUndefined()
      expect(await fixture().store.outbox.backlog()).toMatchObject({ waitingBatches: 0 })
    })

    it('refuses batches over the outbox bound with nothing written, and takes them when there is room', async () => {
      const lease = await fixture().runTask('a')
      expect(await fixture().commit(lease, { batches: [makeBatch('x'.repeat(60))] })).toBe('committed')
      const slice = { batches: [makeBatch('y'.repeat(41))], state: { cursor: 2 } }
      const refused = await fixture().store.commit({
        lease,
        nowMs: T0,
        scriptId: SCRIPT,
        connectorId: CONNECTOR,
        usage: [],
        ...slice,
      })
      expect(refused).toEqual({ kind: 'outbox-full', waitingBytes: 60, deadBytes: 0, maxBytes: 100 })
      expect(await fixture().store.state.load(SCRIPT, 'cursor')).toBeUndefined()
      expect(await fixture().commit(lease, { state: { note: 1 } })).toBe('committed')
      await fixture().store.outbox.acknowledge(await fixture().nextId(), T0)
      expect(await fixture().commit(lease, slice)).toBe('committed')
    })

    it('tells dead batches from waiting ones when it has no room', async () => {
      const lease = await fixture().runTask('a')
      for (const text of ['x'.repeat(60), 'y'.repeat(30)]) {
        expect(await fixture().commit(lease, { batches: [makeBatch(text)] })).toBe('committed')
      }
      await fixture().store.outbox.bury(await fixture().nextId(), 'x')
      const base = { lease, nowMs: T0, scriptId: SCRIPT, connectorId: CONNECTOR, state: {}, usage: [] }
      const room = { waitingBytes: 30, deadBytes: 60, maxBytes: 100 }
      expect(await fixture().store.outbox.room(CONNECTOR)).toEqual(room)
      expect(await fixture().store.commit({ ...base, batches: [makeBatch('z'.repeat(11))] })).toEqual({
        kind: 'outbox-full',
        ...room,
      })
    })

    it('refuses state over its bound with nothing written, counting what is replaced once', async () => {
      const lease = await fixture().runTask('a')
      expect(await fixture().commit(lease, { state: { a: 'x'.repeat(600) } })).toBe('committed')
      expect(await fixture().commit(lease, { state: { a: 'y'.repeat(900) } })).toBe('committed')
      const slice = { batches: [makeBatch('z')], state: { b: '中'.repeat(50) } }
      expect(await fixture().commit(lease, slice)).toBe('state-full')
      expect(await fixture().store.state.load(SCRIPT, 'b')).toBeUndefined()
      expect(await fixture().nextText()).toBeUndefined()
      expect(await fixture().commit(lease, { ...slice, scriptId: 'startup__other' })).toBe('committed')
      expect(await fixture().commit(lease, { ...slice, state: { ...slice.state, a: null } })).toBe(
        'committed',
      )
    })

    it('copies everything into a new file, and nothing over one that is there', async () => {
      const lease = await fixture().runTask('a')
      await fixture().commit(lease, { batches: [makeBatch('x')], state: { cursor: 1 } })
      const folder = mkdtempSync(join(tmpdir(), 'dff-copy-'))
      const path = join(folder, 'copy')
      await fixture().store.copy(path)
      const bytes = readFileSync(path)
      await expect(fixture().store.copy(path)).rejects.toThrow('EEXIST')
      expect(readFileSync(path).equals(bytes)).toBe(true)
      // It goes on without the copy.
      expect(await fixture().commit(lease, { state: { cursor: 2 } })).toBe('committed')
      rmSync(folder, { recursive: true })
    })

    it('forgets state that its script has long not written, and keeps that of a script that rests', async () => {
      const lease = await fixture().runTask('a')
      await fixture().commit(lease, { nowMs: T0, state: { gone: 1, kept: 1 } })
      await fixture().commit(lease, { nowMs: T0, scriptId: 'startup__rests', state: { a: 1 } })
      await fixture().commit(lease, { nowMs: T0 + 1_000, state: { kept: 2 } })
      expect(await fixture().store.state.prune(1_000, T0 + 2_000)).toBe(0)
      expect(await fixture().store.state.prune(999, T0 + 2_000)).toBe(1)
      expect(await fixture().store.state.load(SCRIPT, 'gone')).toBeUndefined()
      expect(await fixture().store.state.load(SCRIPT, 'kept')).toBe(2)
      expect(await fixture().store.state.load('startup__rests', 'a')).toBe(1)
    })

    it('keeps state that is read at each run and never written again, and forgets what is only looked at', async () => {
      const day = 86_400_000
      const lease = await fixture().runTask('a')
      await fixture().commit(lease, { nowMs: T0, state: { used: 1, looked: 1 } })
      for (let number = 1; number <= 91; number += 1) {
        await fixture().commit(lease, { nowMs: T0 + number * day, state: { daily: number } })
        expect(await fixture().store.state.load(SCRIPT, 'used', T0 + number * day)).toBe(1)
        expect(await fixture().store.state.load(SCRIPT, 'looked')).toBe(1)
      }
      expect(await fixture().store.state.prune(90 * day, T0 + 91 * day)).toBe(1)
      expect(await fixture().store.state.load(SCRIPT, 'used')).toBe(1)
      expect(await fixture().store.state.load(SCRIPT, 'looked')).toBeUndefined()
    })

    it('notes no use before what was written by a clock that stood ahead', async () => {
      const year = 365 * 86_400_000
      const lease = await fixture().runTask('a')
      await fixture().commit(lease, { nowMs: T0 + year, state: { cursor: 1 } })
      expect(await fixture().store.state.load(SCRIPT, 'cursor', T0)).toBe(1)
      await fixture().commit(lease, { nowMs: T0 + year, state: { other: 1 } })
      expect(await fixture().store.state.prune(1_000, T0 + year)).toBe(0)
    })

    it('keeps state beside what was written by a clock that stood years ahead or back', async () => {
      const year = 365 * 86_400_000
      const lease = await fixture().runTask('a')
      await fixture().commit(lease, { nowMs: T0, state: { cursor: 1, other: 1 } })
      await fixture().commit(lease, { nowMs: T0 + year, state: { cursor: 2, other: 2 } })
      await fixture().commit(lease, { nowMs: T0 + 1, state: { cursor: 3, fresh: 3 } })
      expect(await fixture().store.state.prune(1_000, T0 + 2)).toBe(0)
      await fixture().commit(lease, { nowMs: T0 - 20 * year, state: { cursor: 4, fresh: 4 } })
      expect(await fixture().store.state.prune(1_000, T0 - 20 * year)).toBe(0)
      expect(await fixture().store.state.prune(1_000, T0 + 3)).toBe(0)
      expect(await fixture().store.state.load(SCRIPT, 'cursor')).toBe(4)
    })
  })
}
