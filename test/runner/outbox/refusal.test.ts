import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openDatakitSink } from '../../../runner/sink/datakit.ts'
import { type Answer, type SeenRequest } from '../sink/loopback.ts'
import { Delivery, namesOf, numbered, refuseBadLines } from './delivery.ts'
import { PATIENCE } from '../../patience.ts'

let delivery: Delivery
beforeEach(async () => {
  delivery = await Delivery.open()
})
afterEach(() => delivery.close())

describe('a sink that refuses', () => {
  it('gets halves of what is too large, in order', async () => {
    const refuse = (request: SeenRequest): Answer => ({ status: namesOf(request).length > 30 ? 413 : 200 })
    delivery.server.answer = refuse
    await delivery.commit(numbered(100))
    expect(await delivery.drain()).toMatchObject({ waitingBatches: 0, deadBatches: 0 })
    expect(delivery.acceptedNames(refuse)).toEqual(numbered(100))
    expect(await delivery.store.outbox.acknowledged()).toMatchObject({ points: 100 })
  })

  it('keeps one line that is too large as a dead batch', async () => {
    delivery.server.answer = () => ({ status: 413, body: 'too large' })
    await delivery.commit(['a'])
    expect(await delivery.drain()).toMatchObject({ waitingBatches: 0, deadBatches: 1, deadPoints: 1 })
    expect(await delivery.store.outbox.list('dead', 5)).toMatchObject([{ reason: '413 too large' }])
  })

  it('gets every good line of a body with bad ones, in few requests', async () => {
    delivery.server.answer = refuseBadLines
    const names = numbered(100)
    names[17] = 'bad1'
    names[71] = 'bad2'
    await delivery.commit(names)
    expect(await delivery.drain()).toMatchObject({ waitingBatches: 0, deadBatches: 2, deadPoints: 2 })
    expect(delivery.acceptedNames(refuseBadLines)).toEqual(names.filter((name) => !name.startsWith('bad')))
    expect(delivery.server.seen.length).toBeLessThan(35)
    const dead = await delivery.store.outbox.list('dead', 5)
    expect(dead.map((row) => row.reason)).toEqual([
      '400 datakit.invalidLinePoint: cannot read bad1',
      '400 datakit.invalidLinePoint: cannot read bad2',
    ])
  })

  it('is not asked for every line when it refuses all of them', async () => {
    delivery.server.answer = refuseBadLines
    await delivery.commit(numbered(300, 'bad'))
    await delivery.commit(['good'])
    expect(await delivery.drain()).toMatchObject({ waitingBatches: 0, deadPoints: 300 })
    expect(delivery.server.seen.length).toBeLessThan(300)
    expect(delivery.acceptedNames(refuseBadLines)).toEqual(['good'])
  })

  it('gets a body that is no gzip once', async () => {
    const contents = [{ measurement: 'm', key: 'f', points: 2, lastPointMs: 5 }]
    const broken = {
      category: 'metric',
      points: 2,
      rawBytes: 3,
      body: Uint8Array.of(1, 2, 3),
      contents,
    } as const
    await delivery.commitBatches([broken])
    delivery.server.answer = () => ({ status: 400 })
    expect(await delivery.drain()).toMatchObject({ waitingBatches: 0, deadBatches: 1 })
    expect(delivery.server.seen).toHaveLength(1)
  })

  it('for good makes a dead batch, which a retry delivers once the cause is gone', async () => {
    delivery.server.answer = () => ({ status: 422, body: 'no' })
    await delivery.commit(['a'])
    expect(await delivery.drain()).toMatchObject({ deadBatches: 1 })
    delivery.server.answer = () => ({ status: 200 })
    expect(await delivery.store.outbox.revive(null)).toBe(1)
    expect(await delivery.drain()).toMatchObject({ waitingBatches: 0, deadBatches: 0 })
  })

  it('by token stops with everything kept, gives up a drain at once, and goes on after a reload', async () => {
    const body = JSON.stringify({ error_code: 'datakit.invalidToken', message: 'invalid token' })
    delivery.server.answer = () => ({ status: 403, body })
    await delivery.commit(['a'])
    await delivery.commit(['b'])
    expect(await delivery.drain(60_000)).toMatchObject({ waitingBatches: 2, deadBatches: 0 })
    expect(delivery.server.seen).toHaveLength(1)
    expect(delivery.sender.status().lastError).toBe('403 datakit.invalidToken: invalid token')
    delivery.server.answer = () => ({ status: 200 })
    delivery.sender.reload()
    expect(await delivery.drain()).toMatchObject({ waitingBatches: 0 })
    expect(delivery.sender.status().lastError).toBeNull()
  })

  it('is tried at once by a new sender, whatever the last one was waiting for', async () => {
    delivery.server.answer = () => ({ status: 403 })
    await delivery.commit(['a'])
    await delivery.drain(60_000)
    await delivery.sender.stop()
    delivery.server.answer = () => ({ status: 200 })
    delivery.sender = delivery.makeSender()
    expect(await delivery.drain()).toMatchObject({ waitingBatches: 0 })
  })

  it('to open keeps everything and says why', async () => {
    delivery.sender = delivery.makeSender({ openSinkFor: () => Promise.reject(new Error('no token stored')) })
    await delivery.commit(['a'])
    expect(await delivery.drain(60_000)).toMatchObject({ waitingBatches: 1 })
    expect(delivery.sender.status().lastError).toContain('no token stored')
  })
})

describe('a way that is closed', () => {
  const MINUTE_MS = 60_000
  let aheadMs = 0
  let notes: string[] = []

  beforeEach(() => {
    aheadMs = 0
    notes = []
    delivery.sender = delivery.makeSender({
      now: () => Date.now() + aheadMs,
      note: (text) => notes.push(text),
    })
  })

  /** Waits for one more attempt and tells after how many minutes the next one comes. */
  async function pauseAfter(attempts: number): Promise<number> {
    await vi.waitFor(
      async () => expect(await delivery.store.outbox.list('waiting', 1)).toMatchObject([{ attempts }]),
      PATIENCE,
    )
    const [row] = await delivery.store.outbox.list('waiting', 1)
    const pauseMs = (row?.nextAttemptMs ?? 0) - Date.now() - aheadMs
    aheadMs += pauseMs
    delivery.sender.wake()
    return Math.round(pauseMs / MINUTE_MS)
  }

  it('is tried ever more rarely, at least once an hour, and says once that it is closed and once that it is open', async () => {
    delivery.server.answer = () => ({ status: 401, body: 'who are you' })
    await delivery.commit(['a'])
    delivery.sender.start()
    const pauses = [1, 2, 3, 4, 5, 6].map((attempts) => () => pauseAfter(attempts))
    const minutes: number[] = []
    for (const pause of pauses) minutes.push(await pause())
    expect(minutes).toEqual([5, 10, 20, 40, 60, 60])
    delivery.server.answer = () => ({ status: 200 })
    delivery.sender.reload()
    await vi.waitFor(
      async () => expect(await delivery.store.outbox.backlog()).toMatchObject({ waitingBatches: 0 }),
      PATIENCE,
    )
    expect(notes).toEqual([
      'Delivery to connector default stopped: 401 who are you. What waits is kept; see dff connector test default.',
      'Delivery to connector default goes on.',
    ])
  })

  it('for one body alone does not hold up the others: a firewall may refuse what it carries', async () => {
    const refuse = (request: SeenRequest): Answer => ({
      status: namesOf(request)[0] === 'script' ? 403 : 200,
    })
    delivery.server.answer = refuse
    for (const name of ['script', 'b', 'c']) await delivery.commit([name])
    delivery.sender.start()
    await pauseAfter(1)
    await pauseAfter(2)
    await vi.waitFor(
      async () =>
        expect(await delivery.store.outbox.backlog()).toMatchObject({ waitingBatches: 0, deadBatches: 1 }),
      PATIENCE,
    )
    expect(delivery.acceptedNames(refuse)).toEqual(['b', 'c'])
    expect(await delivery.store.outbox.list('dead', 5)).toMatchObject([
      { reason: '403 (4 attempts failed, while the batch behind it was accepted)' },
    ])
  })

  it('for everything buries nothing', async () => {
    delivery.server.answer = () => ({ status: 403 })
    for (const name of ['a', 'b']) await delivery.commit([name])
    delivery.sender.start()
    for (const attempts of [1, 2, 3]) await pauseAfter(attempts)
    expect(await delivery.store.outbox.backlog()).toMatchObject({ waitingBatches: 2, deadBatches: 0 })
  })
})

describe('a drain of one connector', () => {
  it('does not wait for another, and speaks of its own backlog', async () => {
    delivery.sender = delivery.makeSender({
      connectorIds: async () => ['default', 'down'],
      openSinkFor: (id) => openDatakitSink(id === 'down' ? 'http://127.0.0.1:1' : delivery.server.url),
    })
    await delivery.commit(['a'])
    await delivery.commit(['b'], 'down')
    const startMs = performance.now()
    const signal = new AbortController().signal
    const limits = { deadlineMs: Date.now() + 20_000, signal, connectorId: 'default' }
    expect(await delivery.sender.drain(limits)).toMatchObject({ waitingBatches: 0 })
    expect(performance.now() - startMs).toBeLessThan(15_000)
    expect(delivery.sender.status('default')).toMatchObject({ state: 'ok', lastError: null })
    await vi.waitFor(
      () =>
        expect(delivery.sender.status('down')).toMatchObject({
          state: 'retrying',
          lastError: expect.stringContaining('ECONNREFUSED') as string,
        }),
      PATIENCE,
    )
  })
})
