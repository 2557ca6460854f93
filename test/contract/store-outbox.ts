import { describe, expect, it } from 'vitest'
import { CONNECTOR, SCRIPT, T0, makeBatch, type StoreFixture } from './store-fixture.ts'

/** Order, receipts and dead batches. */
export function describeOutbox(fixture: () => StoreFixture): void {
  describe('outbox', () => {
    it('offers the oldest batch of a connector, with all that was stored', async () => {
      await fixture().commitBatches('a', 'b')
      expect(await fixture().store.outbox.next(CONNECTOR, T0)).toMatchObject({
        connectorId: CONNECTOR,
        scriptId: SCRIPT,
        taskId: 'task-a,b',
        attempts: 0,
        createdAtMs: T0,
        category: 'metric',
        points: 2,
        rawBytes: 3,
        contents: makeBatch('').contents,
      })
      expect(await fixture().nextText()).toBe('a')
      expect(await fixture().store.outbox.next('other', T0)).toBeUndefined()
      expect(await fixture().store.outbox.nextDueMs('other')).toBeUndefined()
    })

    it('holds everything back until the oldest is due, so that nothing overtakes', async () => {
      await fixture().commitBatches('a', 'b')
      await fixture().store.outbox.retryAt(await fixture().nextId(), T0 + 100, '503 later')
      expect(await fixture().nextText(T0 + 99)).toBeUndefined()
      expect(await fixture().store.outbox.nextDueMs(CONNECTOR)).toBe(T0 + 100)
      expect(await fixture().nextText(T0 + 100)).toBe('a')
      const [row] = await fixture().store.outbox.list('waiting', 1)
      expect(row).toMatchObject({
        attempts: 1,
        nextAttemptMs: T0 + 100,
        reason: '503 later',
        state: 'waiting',
      })
    })

    it('acknowledges into receipts that add up', async () => {
      await fixture().commitBatches('a', 'b')
      await fixture().store.outbox.acknowledge(await fixture().nextId(), T0 + 1)
      const second = await fixture().nextId()
      await fixture().store.outbox.acknowledge(second, T0 + 2)
      await fixture().store.outbox.acknowledge(second, T0 + 3)
      expect(await fixture().store.outbox.receipts(SCRIPT)).toEqual([
        {
          scriptId: SCRIPT,
          category: 'metric',
          measurement: 'aws_AWS/Lambda',
          key: 'Errors_Sum',
          points: 4,
          lastPointMs: T0,
          lastAcknowledgedMs: T0 + 2,
        },
      ])
      expect(await fixture().store.outbox.acknowledged()).toEqual({ points: 4, lastMs: T0 + 2 })
      expect(await fixture().store.outbox.receipts('startup__other')).toEqual([])
      expect(await fixture().store.outbox.backlog()).toMatchObject({
        waitingBatches: 0,
        oldestWaitingMs: null,
      })
    })

    it('forgets receipts of what nothing was acknowledged of for long', async () => {
      await fixture().commitBatches('a')
      await fixture().store.outbox.acknowledge(await fixture().nextId(), T0)
      expect(await fixture().store.outbox.pruneReceipts(T0)).toBe(0)
      expect(await fixture().store.outbox.pruneReceipts(T0 + 1)).toBe(1)
      expect(await fixture().store.outbox.receipts(SCRIPT)).toEqual([])
    })

    it('keeps the place of a batch that is split, however often', async () => {
      await fixture().commitBatches('a', 'b')
      await fixture().store.outbox.split(await fixture().nextId(), [makeBatch('a1'), makeBatch('a2')])
      await fixture().store.outbox.split(await fixture().nextId(), [makeBatch('a11'), makeBatch('a12')])
      await fixture().commitBatches('c')
      const seen: (string | undefined)[] = []
      for (let index = 0; index < 5; index += 1) {
        seen.push(await fixture().nextText())
        await fixture().store.outbox.acknowledge(await fixture().nextId(), T0)
      }
      expect(seen).toEqual(['a11', 'a12', 'a2', 'b', 'c'])
    })

    it('counts the pieces of a split, and not the whole, against the bound', async () => {
      await fixture().commitBatches('a'.repeat(80))
      await fixture().store.outbox.split(await fixture().nextId(), [
        makeBatch('a'.repeat(10)),
        makeBatch('a'.repeat(10)),
      ])
      await fixture().commitBatches('b'.repeat(80))
      const lease = await fixture().runTask('full')
      expect(await fixture().commit(lease, { batches: [makeBatch('c')] })).toBe('outbox-full')
    })

    it('buries a batch with its reason, goes on with the next, and revives it in its old place', async () => {
      await fixture().commitBatches('a', 'b')
      await fixture().store.outbox.bury(await fixture().nextId(), '400 invalid line')
      expect(await fixture().nextText()).toBe('b')
      expect(await fixture().store.outbox.list('dead', 10)).toMatchObject([
        { state: 'dead', reason: '400 invalid line' },
      ])
      expect(await fixture().store.outbox.backlog()).toEqual({
        waitingBatches: 1,
        waitingPoints: 2,
        deadBatches: 1,
        deadPoints: 2,
        oldestWaitingMs: T0,
      })
      expect(await fixture().store.outbox.revive(null)).toBe(1)
      expect(await fixture().nextText()).toBe('a')
      expect((await fixture().store.outbox.list(null, 1))[0]).toMatchObject({ attempts: 0, reason: null })
    })

    it('revives one batch alone, and makes a waiting one due', async () => {
      await fixture().commitBatches('a', 'b')
      const first = await fixture().nextId()
      await fixture().store.outbox.bury(first, 'x')
      await fixture().store.outbox.bury(await fixture().nextId(), 'x')
      expect(await fixture().store.outbox.revive(first)).toBe(1)
      await fixture().store.outbox.retryAt(first, T0 + 100, 'x')
      expect(await fixture().store.outbox.revive(first)).toBe(1)
      expect(await fixture().nextText()).toBe('a')
      expect(await fixture().store.outbox.revive(first)).toBe(0)
      expect((await fixture().store.outbox.backlog()).deadBatches).toBe(1)
    })

    it('drops dead batches of long ago, and nothing that waits', async () => {
      const lease = await fixture().runTask('a')
      for (const [text, nowMs] of [
        ['old dead', T0 - 1],
        ['old waiting', T0 - 1],
        ['new dead', T0],
      ] as const) {
        await fixture().commit(lease, { nowMs, batches: [makeBatch(text)] })
      }
      const rows = await fixture().store.outbox.list('waiting', 9)
      for (const at of [0, 2]) await fixture().store.outbox.bury(rows[at]?.batchId ?? -1, 'x')
      expect(await fixture().store.outbox.pruneDead(T0)).toBe(1)
      expect(await fixture().store.outbox.backlog()).toMatchObject({ waitingBatches: 1, deadBatches: 1 })
      expect(await fixture().nextText()).toBe('old waiting')
    })

    it('drops a batch and frees its room', async () => {
      await fixture().commitBatches('a'.repeat(90))
      const id = await fixture().nextId()
      await fixture().store.outbox.bury(id, 'x')
      expect(await fixture().store.outbox.drop(id)).toBe(1)
      expect(await fixture().store.outbox.drop(id)).toBe(0)
      await fixture().commitBatches('b'.repeat(90))
    })

    it('adds batches of no task behind what waits, all or none, within the bound', async () => {
      await fixture().commitBatches('a')
      const origin = { connectorId: CONNECTOR, scriptId: 'dff', nowMs: T0 + 1 }
      const { outbox } = fixture().store
      expect(await outbox.add([makeBatch('x'), makeBatch('y'.repeat(99))], origin)).toBe(false)
      expect(await outbox.add([makeBatch('x'), makeBatch('y')], origin)).toBe(true)
      const rows = await outbox.list('waiting', 10)
      expect(rows.map(({ taskId, createdAtMs }) => [taskId, createdAtMs])).toEqual([
        ['task-a', T0],
        ['', T0 + 1],
        ['', T0 + 1],
      ])
      expect(await fixture().nextText()).toBe('a')
    })

    it('tells the newest acknowledged point of each measurement of each script', async () => {
      const newest = (measurement: string, key: string, lastPointMs: number) => ({
        contents: [{ measurement, key, points: 1, lastPointMs }],
      })
      const lease = await fixture().runTask('a')
      const batches = [
        makeBatch('1', newest('m', 'x', T0 - 5)),
        makeBatch('2', newest('m', 'y', T0 - 3)),
        makeBatch('3', { category: 'custom_object', ...newest('o', 'name', T0 - 9) }),
      ]
      await fixture().commit(lease, { batches })
      for (const _ of batches) await fixture().store.outbox.acknowledge(await fixture().nextId(), T0)
      expect(await fixture().store.outbox.freshness()).toEqual([
        { scriptId: SCRIPT, category: 'custom_object', measurement: 'o', lastPointMs: T0 - 9 },
        { scriptId: SCRIPT, category: 'metric', measurement: 'm', lastPointMs: T0 - 3 },
      ])
    })
  })
}
