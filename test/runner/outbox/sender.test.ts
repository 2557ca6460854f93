import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { backoffMs } from '../../../runner/outbox/backoff.ts'
import { openDatakitSink } from '../../../runner/sink/datakit.ts'
import { type Answer, openLoopback, type SeenRequest } from '../sink/loopback.ts'
import { PATIENCE } from '../../patience.ts'
import { Delivery, namesOf, numbered, SCRIPT } from './delivery.ts'

let delivery: Delivery
beforeEach(async () => {
  delivery = await Delivery.open()
})
afterEach(() => delivery.close())

describe('delivery', () => {
  it('sends every batch once, oldest first, and leaves receipts', async () => {
    await delivery.commit(numbered(150))
    await delivery.commit(['last'])
    const backlog = await delivery.drain()
    expect(delivery.sentNames()).toEqual([...numbered(150), 'last'])
    expect(backlog).toMatchObject({ waitingBatches: 0, deadBatches: 0 })
    expect(await delivery.store.outbox.receipts(SCRIPT)).toMatchObject([
      { measurement: 'm', key: 'f', points: 151 },
    ])
    expect(delivery.sender.status()).toMatchObject({
      lastError: null,
      lastAcknowledgedMs: expect.any(Number),
    })
  })

  it('delivers what is committed while it runs, when it is woken', async () => {
    delivery.sender.start()
    await delivery.drain()
    await delivery.commit(['a'])
    delivery.sender.wake()
    await vi.waitFor(() => expect(delivery.sentNames()).toEqual(['a']), PATIENCE)
  })

  it('retries the same bytes until they are accepted, and lets nothing overtake', async () => {
    await delivery.commit(['a'])
    await delivery.commit(['b'])
    let failures = 3
    delivery.server.answer = () => ({ status: failures-- > 0 ? 503 : 200 })
    await delivery.drain()
    expect(delivery.server.seen.map(namesOf)).toEqual([['a'], ['a'], ['a'], ['a'], ['b']])
    expect(
      new Set(delivery.server.seen.slice(0, 4).map((request) => request.body.toString('hex'))).size,
    ).toBe(1)
  })

  it('buries a batch that alone is always answered 5xx, and delivers what waits behind it', async () => {
    await delivery.commit(['poison'])
    await delivery.commit(['b'])
    await delivery.commit(['c'])
    delivery.server.answer = (request) => ({ status: namesOf(request)[0] === 'poison' ? 500 : 200 })
    expect(await delivery.drain()).toMatchObject({ waitingBatches: 0, deadBatches: 1 })
    expect(
      delivery.acceptedNames((request) => ({ status: namesOf(request)[0] === 'poison' ? 500 : 200 })),
    ).toEqual(['b', 'c'])
    expect(await delivery.store.outbox.list('dead', 5)).toMatchObject([
      { reason: '500 (11 attempts failed, while the batch behind it was accepted)' },
    ])
  })

  it('buries nothing while the sink refuses everything, nor when it came back during the probe', async () => {
    await delivery.commit(['a'])
    await delivery.commit(['b'])
    let failures = 11
    delivery.server.answer = () => ({ status: failures-- > 0 ? 503 : 200 })
    expect(await delivery.drain()).toMatchObject({ waitingBatches: 0, deadBatches: 0 })
    await delivery.commit(['c'])
    await delivery.commit(['d'])
    failures = 10
    expect(await delivery.drain()).toMatchObject({ waitingBatches: 0, deadBatches: 0 })
    expect(await delivery.store.outbox.acknowledged()).toMatchObject({ points: 4 })
  })

  it('lets no batch go first that holds a point of the one that is refused', async () => {
    await delivery.commit(['a', 'b'])
    await delivery.commit(['b', 'c'])
    await delivery.commit(['d'])
    const refuse = (request: SeenRequest): Answer => ({ status: namesOf(request)[0] === 'a' ? 500 : 200 })
    delivery.server.answer = refuse
    expect(await delivery.drain()).toMatchObject({ waitingBatches: 0, deadBatches: 1 })
    expect(delivery.acceptedNames(refuse)).toEqual(['d', 'b', 'c'])
    expect(delivery.server.seen.findIndex((request) => namesOf(request)[0] === 'd')).toBe(10)
  })

  it('lets no batch go first that holds a point of one that it would pass on the way', async () => {
    for (const names of [['a'], ['a', 'b'], ['b', 'c'], ['d']]) await delivery.commit(names)
    const refuse = (request: SeenRequest): Answer => ({
      status: namesOf(request).join() === 'a' ? 500 : 200,
    })
    delivery.server.answer = refuse
    expect(await delivery.drain()).toMatchObject({ waitingBatches: 0, deadBatches: 1 })
    expect(delivery.acceptedNames(refuse)).toEqual(['d', 'a', 'b', 'b', 'c'])
  })

  it('lets no batch go first behind one that the disk has changed, nor that one', async () => {
    for (const names of [['a'], ['b'], ['c']]) await delivery.commit(names)
    delivery.damage(2)
    delivery.server.answer = () => ({ status: 500 })
    delivery.sender.start()
    await vi.waitFor(
      async () => expect((await delivery.store.outbox.list('waiting', 1))[0]?.attempts).toBeGreaterThan(10),
      PATIENCE,
    )
    expect(new Set(delivery.server.seen.map((request) => namesOf(request).join()))).toEqual(new Set(['a']))
  })

  it('writes down what the sink has said when the disk has room again, and does not send twice', async () => {
    const { outbox } = delivery.store
    let failures = 1
    const acknowledge: typeof outbox.acknowledge = async (batchId, nowMs) => {
      if (failures-- > 0) throw new Error('database or disk is full')
      await outbox.acknowledge(batchId, nowMs)
    }
    const store = { ...delivery.store, outbox: { ...outbox, acknowledge } }
    delivery.sender = delivery.makeSender({ store })
    await delivery.commit(['a'])
    await delivery.commit(['b'])
    delivery.sender.start()
    await vi.waitFor(() => expect(delivery.sender.status().lastError).toContain('disk is full'), PATIENCE)
    delivery.sender.wake()
    await vi.waitFor(() => expect(delivery.sentNames()).toContain('b'), PATIENCE)
    expect(delivery.sentNames()).toEqual(['a', 'b'])
  })

  it('says once that it waits behind a batch that the disk has changed, and goes on when that is dropped', async () => {
    const notes: string[] = []
    delivery.sender = delivery.makeSender({ note: (text) => notes.push(text) })
    for (const names of [['a'], ['b']]) await delivery.commit(names)
    delivery.damage(1)
    delivery.sender.start()
    await vi.waitFor(() => expect(notes).toHaveLength(1), PATIENCE)
    delivery.sender.wake()
    await delivery.drain(0)
    expect(delivery.sender.status('default')).toMatchObject({
      state: 'retrying',
      lastError: expect.stringContaining('batch 1 as it was stored') as string,
    })
    await delivery.store.outbox.drop(1)
    delivery.sender.reload()
    await delivery.drain()
    expect(delivery.sentNames()).toEqual(['b'])
    expect(notes).toEqual([
      expect.stringMatching(/^Delivery to connector default waits: .* dff outbox drop 1, then /),
      'Delivery to connector default goes on.',
    ])
  })

  it('waits as long as the sink asks for', async () => {
    await delivery.commit(['a'])
    delivery.server.answer = () => ({
      status: delivery.server.seen.length === 1 ? 429 : 200,
      headers: { 'retry-after': '1' },
    })
    const startMs = performance.now()
    await delivery.drain()
    expect(performance.now() - startMs).toBeGreaterThan(950)
    expect(delivery.server.seen).toHaveLength(2)
  })

  it('keeps everything while nobody answers, says why, and stops at the deadline', async () => {
    await delivery.server.close()
    await delivery.commit(['a'])
    const backlog = await delivery.drain(2_000)
    expect(backlog).toMatchObject({ waitingBatches: 1, waitingPoints: 1 })
    expect(delivery.sender.status().lastError).toContain('ECONNREFUSED')
    delivery.server = await openLoopback()
    delivery.sender.reload()
    expect(await delivery.drain()).toMatchObject({ waitingBatches: 0 })
    expect(delivery.sender.status().lastError).toBeNull()
  })

  it.each([86_400_000, 30 * 60_000])(
    'does not wait for %i ms when the clock was set back by that',
    async (stepMs) => {
      let aheadMs = stepMs
      delivery.sender = delivery.makeSender({ now: () => Date.now() + aheadMs })
      let failures = 1
      delivery.server.answer = () => ({
        status: failures-- > 0 ? 503 : 200,
        headers: { 'retry-after': '60' },
      })
      await delivery.commit(['a'])
      delivery.sender.start()
      await vi.waitFor(
        async () => expect(await delivery.store.outbox.list('waiting', 1)).toMatchObject([{ attempts: 1 }]),
        PATIENCE,
      )
      aheadMs = 0
      delivery.sender.wake()
      await vi.waitFor(() => expect(delivery.server.seen).toHaveLength(2), PATIENCE)
    },
  )

  it('serves connectors apart: one that is down does not hold the other', async () => {
    const down = 'down'
    delivery.sender = delivery.makeSender({
      connectorIds: async () => [down, 'default'],
      openSinkFor: (id) => openDatakitSink(id === down ? 'http://127.0.0.1:1' : delivery.server.url),
    })
    await delivery.commit(['a'], down)
    await delivery.commit(['b'])
    expect(await delivery.drain(2_000)).toMatchObject({ waitingBatches: 1 })
    expect(delivery.sentNames()).toEqual(['b'])
  })
})

describe('stopping', () => {
  it('finishes the request in flight and takes no further batch', async () => {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    delivery.server.answer = () => promise
    await delivery.commit(['a'])
    await delivery.commit(['b'])
    delivery.sender.start()
    await vi.waitFor(() => expect(delivery.server.seen).toHaveLength(1), PATIENCE)
    const stopped = delivery.sender.stop()
    resolve({ status: 200 })
    await stopped
    expect(await delivery.store.outbox.backlog()).toMatchObject({ waitingBatches: 1 })
    expect(await delivery.store.outbox.acknowledged()).toMatchObject({ points: 1 })
  })

  it('ends the request in flight when it may not wait, and keeps its batch', async () => {
    delivery.server.answer = () => 'hang'
    await delivery.commit(['a'])
    delivery.sender.start()
    await vi.waitFor(() => expect(delivery.server.seen).toHaveLength(1), PATIENCE)
    await delivery.sender.stop(AbortSignal.timeout(20))
    expect(await delivery.store.outbox.backlog()).toMatchObject({ waitingBatches: 1, deadBatches: 0 })
  })

  it('ends a drain when its signal aborts', async () => {
    delivery.server.answer = () => 'hang'
    await delivery.commit(['a'])
    const signal = AbortSignal.timeout(50)
    expect(await delivery.sender.drain({ deadlineMs: Date.now() + 60_000, signal })).toMatchObject({
      waitingBatches: 1,
    })
    await delivery.sender.stop(AbortSignal.abort())
  })
})

describe('backoff', () => {
  it('doubles up to a minute and is spread over all of it', () => {
    expect([0, 1, 5, 6, 500].map((attempts) => backoffMs(attempts, () => 1))).toEqual([
      1_000, 2_000, 32_000, 60_000, 60_000,
    ])
    expect(backoffMs(6, () => 0)).toBe(0)
  })
})
