import { describe, expect, it } from 'vitest'
import { CONNECTOR, makeBatch, makeTask, SCRIPT, T0, type StoreFixture } from './store-fixture.ts'

/** Connectors side by side: each has its own totals and its own bound. */
export function describeLanes(fixture: () => StoreFixture): void {
  async function commitTo(connectorId: string, text: string): Promise<string> {
    const lease = await fixture().runTask(`task-${connectorId}-${text}`, { funcId: `${SCRIPT}.${text}` })
    return fixture().commit(lease, { connectorId, batches: [makeBatch(text)] })
  }

  describe('lanes', () => {
    it('count what waits, what is dead and what arrived, connector by connector', async () => {
      const { outbox } = fixture().store
      await commitTo('a', 'one')
      await commitTo('a', 'three')
      await commitTo('b', 'four')
      const [first] = await outbox.list('waiting', 1)
      await outbox.bury(first?.batchId ?? 0, '400')
      const next = await outbox.next('b', T0)
      await outbox.acknowledge(next?.batchId ?? 0, T0 + 7)
      const common = { oldestReason: null, maxBytes: 100 }
      expect((await outbox.lanes()).filter((lane) => lane.connectorId.length === 1)).toEqual([
        {
          ...common,
          connectorId: 'a',
          waitingBatches: 1,
          waitingPoints: 2,
          waitingBytes: 5,
          deadBatches: 1,
          deadPoints: 2,
          deadBytes: 3,
          oldestWaitingMs: T0,
          acknowledgedPoints: 0,
          lastAcknowledgedMs: null,
        },
        {
          ...common,
          connectorId: 'b',
          waitingBatches: 0,
          waitingPoints: 0,
          waitingBytes: 0,
          deadBatches: 0,
          deadPoints: 0,
          deadBytes: 0,
          oldestWaitingMs: null,
          acknowledgedPoints: 2,
          lastAcknowledgedMs: T0 + 7,
        },
      ])
      expect(await outbox.backlog('b')).toMatchObject({ waitingBatches: 0, deadBatches: 0 })
      expect(await outbox.backlog()).toMatchObject({ waitingBatches: 1, deadBatches: 1, deadPoints: 2 })
    })

    it('stay right through splits, revivals and removals', async () => {
      const { outbox } = fixture().store
      await commitTo('a', 'abcdef')
      const id = (await outbox.next('a', T0))?.batchId ?? 0
      await outbox.split(id, [makeBatch('abc'), makeBatch('def')])
      const half = (await outbox.next('a', T0))?.batchId ?? 0
      await outbox.bury(half, '400')
      await outbox.revive(half)
      await outbox.bury(half, '400')
      expect(await outbox.room('a')).toEqual({ waitingBytes: 3, deadBytes: 3, maxBytes: 100 })
      expect(await outbox.dropDead()).toBe(1)
      expect(await outbox.dropDead()).toBe(0)
      expect(await outbox.room('a')).toEqual({ waitingBytes: 3, deadBytes: 0, maxBytes: 100 })
      await outbox.drop((await outbox.next('a', T0))?.batchId ?? 0)
      expect(await outbox.room('a')).toEqual({ waitingBytes: 0, deadBytes: 0, maxBytes: 100 })
    })

    it('have bounds of their own: one that is full takes no room from another', async () => {
      expect(await commitTo('a', 'x'.repeat(95))).toBe('committed')
      expect(await commitTo('a', 'y'.repeat(6))).toBe('outbox-full')
      expect(await commitTo('b', 'z'.repeat(50))).toBe('committed')
      expect(await commitTo('b', 'w'.repeat(45))).toBe('committed')
      expect(await commitTo('b', 'v'.repeat(6))).toBe('outbox-full')
    })

    it('take their bound from the configuration of the connector', async () => {
      await fixture().store.connectors.put('big', { type: 'file', maxBacklogMb: 2 })
      expect((await fixture().store.outbox.room('big')).maxBytes).toBe(2 * 1024 ** 2)
      expect(await commitTo('big', 'x'.repeat(200))).toBe('committed')
      const big = (await fixture().store.outbox.lanes()).find((lane) => lane.connectorId === 'big')
      expect(big).toMatchObject({ maxBytes: 2 * 1024 ** 2, waitingBytes: 200 })
    })

    it('say what the sink said of the oldest batch', async () => {
      await fixture().commitBatches('a', 'b')
      await fixture().store.outbox.retryAt(await fixture().nextId(), T0 + 5, '503 later')
      const lane = (await fixture().store.outbox.lanes()).find(({ connectorId }) => connectorId === CONNECTOR)
      expect(lane?.oldestReason).toBe('503 later')
    })
  })

  describe('what waits behind a batch', () => {
    it('is given in order, of the same connector alone, due or not', async () => {
      const { outbox } = fixture().store
      await fixture().commitBatches('a', 'b', 'c', 'd')
      await commitTo('other', 'x')
      const texts = async (id: number, limit: number): Promise<string[]> =>
        (await outbox.following(id, limit)).map(({ body }) => new TextDecoder().decode(body))
      const id = await fixture().nextId()
      const [, second] = await outbox.list('waiting', 2)
      await outbox.bury(second?.batchId ?? 0, 'x')
      await outbox.retryAt((await outbox.following(id, 1))[0]?.batchId ?? 0, T0 + 9_000, 'later')
      expect(await texts(id, 9)).toEqual(['c', 'd'])
      expect(await texts(id, 1)).toEqual(['c'])
      expect(await texts(999, 9)).toEqual([])
    })
  })

  describe('one batch', () => {
    it('is shown whole, with what became of it', async () => {
      await fixture().commitBatches('a')
      const id = await fixture().nextId()
      await fixture().store.outbox.bury(id, '400 bad')
      const kept = await fixture().store.outbox.get(id)
      expect(kept).toMatchObject({ batchId: id, state: 'dead', reason: '400 bad', nextAttemptMs: null })
      expect(new TextDecoder().decode(kept?.body)).toBe('a')
      expect(await fixture().store.outbox.get(id + 1)).toBeUndefined()
    })
  })

  describe('connectors', () => {
    it('are removed by id', async () => {
      await fixture().store.connectors.put('a', { type: 'file' })
      expect(await fixture().store.connectors.remove('a')).toBe(true)
      expect(await fixture().store.connectors.remove('a')).toBe(false)
      expect(await fixture().store.connectors.get('a')).toBeUndefined()
    })
  })

  describe('the record of a task', () => {
    it('says where its points went once that is known, and to no task with an older fence', async () => {
      const { queue, records } = fixture().store
      const lease = await fixture().runTask('a')
      const route = { connector: 'b: file /x', endpointUrl: 'http://127.0.0.1:1' }
      await queue.recordRoute({ ...lease, fence: lease.fence - 1 }, { connector: 'x', endpointUrl: null })
      expect(await records.get('a')).toMatchObject({ connector: CONNECTOR, endpointUrl: null })
      await queue.recordRoute(lease, route)
      expect(await records.get('a')).toMatchObject(route)
    })

    it('says why it never ran, under a type of its own where one is given', async () => {
      const { queue, records } = fixture().store
      await queue.enqueueOnce(makeTask('a'))
      await queue.enqueueOnce(makeTask('b'))
      await queue.close('a', 'skip', 'another one ran', T0)
      await queue.close('b', 'skip', { type: 'OUTBOX_FULL', text: 'no room' }, T0)
      expect([await records.get('a'), await records.get('b')]).toMatchObject([
        { status: 'skip', exceptionType: 'PreviousTaskNotFinished', exceptionText: 'another one ran' },
        { status: 'skip', exceptionType: 'OUTBOX_FULL', exceptionText: 'no room' },
      ])
    })
  })
}
