import { afterEach, describe, expect, it } from 'vitest'
import { ListingRoom } from '../../../scripts/guance_aws_lambda/listing-room.ts'
import { makeStore, type TestStore } from '../run-context.ts'
import { type AskedCall, type ScriptedCloudwatch, startScriptedCloudwatch } from '../scripted-cloudwatch.ts'
import { collectAt, runAt } from './collect-once.ts'

const MAPPINGS = [{ UUID: 'u-1', FunctionArn: 'arn:aws:lambda:us-east-1:123456789012:function:orders:live' }]

const MINUTE_MS = 60_000

let server: ScriptedCloudwatch | undefined
afterEach(async () => server?.close())

/** So many pages of functions, one function a page; `published` more versions of each, longer than the one edited. */
function answerFunctions(pages: number, published: number) {
  return ({ target, query }: AskedCall): object => {
    if (target.includes('event-source-mappings')) return { EventSourceMappings: [] }
    const isAll = query.get('FunctionVersion') === 'ALL'
    const last = isAll ? pages * (1 + published) : pages
    const page = Number(query.get('Marker') ?? 0)
    const version = isAll ? page % (1 + published) : 0
    const name = `f${isAll ? Math.floor(page / (1 + published)) : page}`
    const next = page + 1 < last ? { NextMarker: String(page + 1) } : {}
    return { Functions: [{ FunctionName: name, Timeout: version === 0 ? 3 : 60 * version }], ...next }
  }
}

/** A run in which other regions, of so many pages each, hold their room until they are told to release it. */
function holdRoom(store: TestStore, triggerTimeMs: number, pages: readonly number[]) {
  const context = runAt(store, triggerTimeMs)
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const held = pages.map(async (count) => ListingRoom.within(context, count, async () => promise))
  const release = async (): Promise<void> => {
    resolve(undefined)
    await Promise.all(held)
  }
  return { context, release }
}

describe('the inventory', () => {
  it('keeps the event source mappings listed before when they cannot be listed', async () => {
    let isDenied = false
    server = await startScriptedCloudwatch(({ target }) => {
      if (!target.includes('event-source-mappings')) return { Functions: [] }
      if (isDenied) throw new Error('not now')
      return { EventSourceMappings: MAPPINGS }
    })
    const store = makeStore()
    expect((await collectAt(store, 0)).inventory?.aliases).toEqual({ 'u-1': 'orders' })
    isDenied = true
    const { context, inventory } = await collectAt(store, 0)
    expect(inventory?.aliases).toEqual({ 'u-1': 'orders' })
    expect(context.lines.join('\n')).toContain('event source mappings cannot be listed, 1 stay known')
  })

  it('of a few functions is listed at every run, with the timeouts of all versions after the first', async () => {
    server = await startScriptedCloudwatch(answerFunctions(2, 3))
    const store = makeStore()
    const { inventory } = await collectAt(store, 0)
    expect(inventory?.entries).toMatchObject([
      { name: 'f0', timeoutSec: 3, versionTimeoutSec: 180 },
      { name: 'f1', timeoutSec: 3, versionTimeoutSec: 180 },
    ])
    expect(inventory?.sweep).toEqual({ endedMs: 0 })
    const before = server.asked.length
    await collectAt(store, 5 * MINUTE_MS)
    expect(server.asked.slice(before).map(({ query }) => query.get('FunctionVersion'))).toEqual([
      null,
      null,
      null,
    ])
  })

  it('of many functions that finds no room is listed at a later run, and waits only when that would be long', async () => {
    server = await startScriptedCloudwatch(answerFunctions(40, 0))
    const store = makeStore()
    await collectAt(store, 0)
    const askedOnce = server.asked.length
    // Not due, and then due.
    for (const minute of [5, 10, 15]) {
      const full = holdRoom(store, minute * MINUTE_MS, [100_000])
      expect((await collectAt(store, minute * MINUTE_MS, full.context)).inventory?.listedAtMs).toBe(0)
      await full.release()
    }
    const due = holdRoom(store, 20 * MINUTE_MS, [100_000])
    const before = server.asked.length
    const collecting = collectAt(store, 20 * MINUTE_MS, due.context)
    // Another run meanwhile, as long as the one that waits would be.
    await collectAt(makeStore(), 0)
    expect(server.asked.length).toBe(before + askedOnce)
    await due.release()
    expect((await collecting).inventory?.listedAtMs).toBe(20 * MINUTE_MS)
    const free = await collectAt(store, 30 * MINUTE_MS)
    expect(free.inventory?.listedAtMs).toBe(30 * MINUTE_MS)
  })

  it('of a region that is listed at every run waits for no larger one, and is postponed once before it waits for its like', async () => {
    server = await startScriptedCloudwatch(answerFunctions(10, 0))
    const store = makeStore()
    await collectAt(store, 0)
    const behindLarge = holdRoom(store, 5 * MINUTE_MS, [100_000, 100_000])
    const listed = await collectAt(store, 5 * MINUTE_MS, behindLarge.context)
    expect(listed.inventory?.listedAtMs).toBe(5 * MINUTE_MS)
    await behindLarge.release()
    const likes = Array.from({ length: 7 }, () => 30)
    const full = holdRoom(store, 10 * MINUTE_MS, likes)
    const postponed = await collectAt(store, 10 * MINUTE_MS, full.context)
    expect(postponed.inventory?.listedAtMs).toBe(5 * MINUTE_MS)
    await full.release()
    // Triggers are jittered: a run that comes some seconds early counts as the next one.
    const nextMs = 15 * MINUTE_MS - 5_000
    const due = holdRoom(store, nextMs, likes)
    const before = server.asked.length
    const collecting = collectAt(store, nextMs, due.context)
    await collectAt(makeStore(), 0)
    expect(server.asked.length - before).toBe(1 + 10 + 10)
    await due.release()
    expect((await collecting).inventory?.listedAtMs).toBe(nextMs)
  })

  it('of many functions is listed as often as a bounded number of pages a run allows', async () => {
    server = await startScriptedCloudwatch(answerFunctions(90, 0))
    const store = makeStore()
    const runs: number[] = []
    for (let minute = 0; minute <= 30; minute += 5) {
      const { context } = await collectAt(store, minute * MINUTE_MS)
      if (context.lines.some((line) => line.endsWith(': 90 functions'))) runs.push(minute)
    }
    expect(runs).toEqual([0, 15, 30])
    expect(store.points).toHaveLength(3 * 90)
  })

  it('reads on through the versions where the last run stopped, and knows of none before it has seen all', async () => {
    server = await startScriptedCloudwatch(answerFunctions(2, 20))
    const store = makeStore()
    const first = await collectAt(store, 0)
    expect(first.inventory?.sweep).toEqual({ marker: '30' })
    expect(first.inventory?.entries[0]).toMatchObject({ sweptTimeoutSec: 1_200 })
    const second = await collectAt(store, 5 * MINUTE_MS)
    expect(second.inventory?.sweep).toEqual({ endedMs: 5 * MINUTE_MS })
    expect(second.inventory?.entries).toMatchObject([
      { name: 'f0', tags: {}, timeoutSec: 3, versionTimeoutSec: 1_200 },
      { name: 'f1', tags: {}, timeoutSec: 3, versionTimeoutSec: 1_200 },
    ])
  })

  it('goes on when versions cannot be read, and says so in the log', async () => {
    const answer = answerFunctions(1, 1)
    server = await startScriptedCloudwatch((call) => {
      if (call.query.get('FunctionVersion') === 'ALL') throw new Error('no versions today')
      return answer(call)
    })
    const { context, inventory } = await collectAt(makeStore(), 0)
    expect(inventory?.entries).toMatchObject([{ name: 'f0', tags: {}, timeoutSec: 3 }])
    expect(inventory?.entries[0]?.versionTimeoutSec).toBeUndefined()
    expect(context.problems).toEqual([])
    expect(context.lines.join('\n')).toContain('versions of functions are read on at the next run')
  })

  it('remembers since when a function exists, by its oldest version, and a deleted one as it was', async () => {
    const version = (name: string, Version: string, LastModified: string) => ({
      FunctionName: name,
      Version,
      LastModified,
    })
    let functions = [
      version('f', '$LATEST', '2026-11-20T10:00:00.000+0000'),
      version('f', '1', '2026-11-01T10:00:00.000+0000'),
      version('g', '$LATEST', '2026-11-02T10:00:00.000+0000'),
    ]
    server = await startScriptedCloudwatch(({ target, query }) => {
      if (target.includes('event-source-mappings')) return { EventSourceMappings: [] }
      const isAll = query.get('FunctionVersion') === 'ALL'
      return { Functions: functions.filter(({ Version }) => isAll || Version === '$LATEST') }
    })
    const store = makeStore()
    const firstMs = Date.parse('2026-11-23T12:00:00Z')
    expect(
      (await collectAt(store, firstMs)).inventory?.entries.map(({ name, sinceMs }) => [name, sinceMs]),
    ).toEqual([
      ['f', Date.parse('2026-11-01T10:00:00Z')],
      ['g', Date.parse('2026-11-02T10:00:00Z')],
    ])
    functions = functions.slice(0, 2)
    expect((await collectAt(store, firstMs + 300_000)).inventory?.gone).toMatchObject([
      {
        name: 'g',
        tags: { Version: '$LATEST' },
        sinceMs: Date.parse('2026-11-02T10:00:00Z'),
        untilMs: firstMs,
      },
    ])
  })
})
